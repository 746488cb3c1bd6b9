import type { Report } from '@klpreg/wire';
import { monotonicMs, wallClock } from './clock.js';
import { Failure, unreadable } from './failure.js';
import { readNumber } from './read/attribute.js';
import { readBootPersistence } from './read/boot-persistence.js';
import { readCapabilities } from './read/capabilities.js';
import { readingOf } from './read/host-reading.js';
import { findModules, vendorFolders, type ModuleFile } from './read/module-files.js';
import { readGates } from './read/sysctls.js';
import { readBootId, readHost, readRelease } from './read/host.js';
import { readKernelLog, type LogReading } from './read/kmsg.js';
import type { PatchDirectory } from './read/sys-livepatch.js';
import type { LoadedModule } from './read/sys-module.js';
import { noProblems, orNull } from './read/read-problems.js';
import { inStackOrder } from './read/stack-order.js';
import { isListed, readSample } from './read/sample.js';
import { pathsOf, type Paths } from './read/paths.js';
import { readUntilStable } from './read/read-until-stable.js';
import { readTasks } from './read/patch-state.js';
import { sentencesOf } from './sentences.js';
import type { Settings } from './settings.js';

type Facts =
  | 'host'
  | 'capabilities'
  | 'taint'
  | 'livepatches'
  | 'leftovers'
  | 'gates'
  | 'otherLivePatching'
  | 'unread'
  | 'warnings'
  | 'kernelLog'
  | 'bootPersistence';

/** The facts of a report and their time. The sequence number and the watch are added later. */
export interface Observation extends Pick<Report, Facts> {
  readonly wall: string;
  readonly observedMs: number;
  readonly transition: (Omit<NonNullable<Report['transition']>, 'since'> & { readonly target: 0 | 1 }) | null;
  /** Null if the kernel log was not read. */
  readonly log: LogReading | null;
}

type Loaded = LoadedModule & { readonly reading: Report['leftovers'][number]['reading'] };

const TAINT_LIVEPATCH = 2 ** 15;

function reportLivepatch(
  folder: PatchDirectory,
  { buildId, srcversion, refcount, moduleState, moduleTaint, reading }: Loaded,
): Report['livepatches'][number] {
  const { name, enabled, transition, replace, stackOrder, objects } = folder;
  return {
    name,
    buildId,
    srcversion,
    enabled,
    transition,
    replace,
    stackOrder,
    refcount,
    objects: objects.map((object) => ({ ...object, functions: [...object.functions] })),
    reading,
    moduleState,
    moduleTaint,
  };
}

/**
 * Reads the kernel log from the last position. Skips it without
 * taint K, which the first livepatch sets and nothing clears.
 *
 * @returns undefined if it was skipped; null if it cannot be read
 */
function readLog(
  paths: Paths,
  taint: number | null,
  before: LogReading,
  warnings: string[],
): LogReading | null | undefined {
  if (taint !== null && Math.floor(taint / TAINT_LIVEPATCH) % 2 === 0) return undefined;
  const { kernelLog } = paths;
  return kernelLog === null ? null : orNull(warnings, () => readKernelLog(kernelLog, before));
}

/**
 * Observes what this host runs. Writes nothing.
 *
 * @param instance the registry's id of the host
 * @param logOf returns how far the kernel log of a boot was read
 * @param warn receives what could not be read, and what was used instead
 * @throws Failure UNREADABLE with the path
 */
export async function observe(
  settings: Settings,
  instance: string,
  logOf: (bootId: string) => LogReading,
  warn: (text: string) => void,
): Promise<Observation> {
  const paths = pathsOf(settings.roots);
  const { unread, warnings } = noProblems();
  const release = readRelease(paths, settings);
  const bootId = readBootId(paths, settings, instance, warnings);
  const { folders, modules, loaded, otherLivePatching, problems } = await readUntilStable(() =>
    readSample(paths),
  );
  const [wall, observedMs] = [wallClock(), monotonicMs()];
  unread.push(...problems.unread);
  warnings.push(...problems.warnings);

  const listed = inStackOrder(paths, (folders ?? []).filter(isListed), loaded, unread);
  const open = listed.filter((folder) => folder.transition === true);
  if (open.length > 1)
    throw unreadable(
      paths.livepatches,
      `two transitions are open (${open.map(({ name }) => name).join(', ')}); a kernel has at most one`,
    );
  const transition =
    open[0] === undefined
      ? null
      : { patch: open[0].name, target: open[0].enabled === false ? (0 as const) : (1 as const) };
  const tasks = transition === null ? null : orNull(warnings, () => readTasks(paths, transition.target));

  const wanted = new Map(
    modules.flatMap((module) => (module.buildId === null ? [] : [[module.buildId, module.name] as const])),
  );
  const vendors = orNull(warnings, () => vendorFolders(paths.vendors, release)) ?? [];
  const files = await findModules(
    wanted,
    [...settings.modules, ...paths.moduleFolders(release), ...vendors],
    (text) => warnings.push(text),
  );
  const withReading = (module: LoadedModule): Loaded => ({
    ...module,
    reading: readingOf(files.filter((file: ModuleFile) => file.buildId === module.buildId)),
  });
  const known = new Map(modules.map((module) => [module.name, withReading(module)]));

  const moduleArch = files.find((file) => file.reading !== null)?.reading?.arch ?? null;
  const host = readHost(paths, settings, { instance, bootId, moduleArch }, warnings);
  const taint = orNull(warnings, () => readNumber(paths.tainted, 0, 2 ** 48));
  const log = readLog(paths, taint, logOf(bootId), warnings);
  const facts = {
    host,
    capabilities: readCapabilities(paths, folders, warnings),
    taint,
    livepatches: listed.map((folder) => reportLivepatch(folder, known.get(folder.name)!)),
    leftovers: leftoversOf([...known.values()], listed),
    gates: readGates(paths, warnings),
    ...(otherLivePatching === null ? {} : { otherLivePatching: [...otherLivePatching] }),
    ...(log === undefined
      ? {}
      : { kernelLog: log && { reachesBoot: log.reachesBoot, events: [...log.events] } }),
    bootPersistence: await readBootPersistence(paths, release, warnings),
  };
  for (const text of [...unread, ...warnings]) warn(text);
  return {
    ...facts,
    unread: sentencesOf(unread, settings.roots),
    warnings: sentencesOf(warnings, settings.roots),
    transition: transition === null ? null : { ...transition, tasks: [], moreTasks: 0, ...tasks },
    log: log ?? null,
    wall,
    observedMs,
  };
}

/** Returns the livepatch modules that are loaded and not on the list, sorted by name. */
function leftoversOf(modules: readonly Loaded[], listed: readonly PatchDirectory[]): Report['leftovers'] {
  const names = new Set(listed.map(({ name }) => name));
  const leftovers = modules.filter(({ name }) => !names.has(name));
  if (leftovers.length > 500)
    throw new Failure(
      'UNREADABLE',
      `${leftovers.length} livepatch modules are loaded and not listed; a report holds at most 500`,
    );
  return leftovers;
}
