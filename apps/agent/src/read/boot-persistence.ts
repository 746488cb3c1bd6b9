import { join } from 'node:path';
import type { Report } from '@klpreg/wire';
import { Failure, unreadable } from '../failure.js';
import { listFolder, readBytes, Vanished } from './attribute.js';
import { nameOfFile } from './module-files.js';
import { isModuleName } from './sys-livepatch.js';
import type { Paths } from './paths.js';

const MAX_FILE_BYTES = 128 << 20;

/** Returns true if kpatch.service starts at boot. Null if there is no systemd configuration. */
function loadsAtBoot(paths: Paths): boolean | null {
  if (paths.enabledUnits === null) return null;
  const folders = listFolder(paths.enabledUnits)?.filter(
    (entry) => entry.isDirectory() && /\.(?:wants|requires)$/.test(entry.name),
  );
  if (folders === undefined) return null;
  return folders.some(
    ({ name }) =>
      listFolder(join(paths.enabledUnits!, name))?.some((entry) => entry.name === 'kpatch.service') ?? false,
  );
}

/**
 * Returns the livepatches that the next boot into this kernel would load.
 *
 * Known only if kpatch.service is enabled and its directory for this kernel exists: it loads every `*.ko` in
 * it. Otherwise null, because other programs may load livepatches.
 *
 * @param warnings receives a sentence if it cannot be read
 * @see https://github.com/dynup/kpatch, `kpatch load --all`
 */
export async function readBootPersistence(
  paths: Paths,
  release: string,
  warnings: string[],
): Promise<Report['bootPersistence']> {
  try {
    return await loadsOf(paths, release);
  } catch (error) {
    if (!(error instanceof Failure || error instanceof Vanished)) throw error;
    warnings.push(`${error.message} (so what the next boot loads is unknown)`);
    return null;
  }
}

async function loadsOf(paths: Paths, release: string): Promise<Report['bootPersistence']> {
  const folder = paths.kpatchFolder(release);
  const files = listFolder(folder)?.filter((entry) => entry.name.endsWith('.ko') && !entry.isDirectory());
  if (files === undefined || loadsAtBoot(paths) !== true) return null;
  const { ModuleError, openModule } = await import('@klpreg/module');
  const loads = [];
  for (const { name: file } of files) {
    const path = join(folder, file);
    const bytes = readBytes(path, MAX_FILE_BYTES, true);
    let buildId: string | null = null;
    let name = nameOfFile(file);
    try {
      const reading = bytes === null ? null : await openModule(bytes);
      buildId = reading?.buildId ?? null;
      name = reading?.name.replaceAll('-', '_') ?? name;
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
    }
    if (!isModuleName(name)) throw unreadable(path, 'does not have a module name');
    loads.push({ name, buildId });
  }
  return { source: 'kpatch.service', kernelRelease: release, loads };
}
