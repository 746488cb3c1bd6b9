import { isBuildId } from '../address/question.js';
import { MODULE_FILE } from '../texts/module-file.js';

/** A patch that is not published, from a file of the person. */
export interface FileTarget {
  readonly name: string;
  /** Names the file in the address. */
  readonly buildId: string;
  /** As JSON. */
  readonly manifest: string;
}

type Read = FileTarget | { readonly wrong: string };

/** Reads a livepatch module or a manifest. The reader of modules is loaded for the first module. */
export async function readFileTarget(file: File): Promise<Read> {
  if (file.name.endsWith('.json')) return readManifest(file.name, await file.text());
  const { readModuleFile, ModuleFileError } = await import('./read-module-file.js');
  try {
    const { manifest, buildId } = await readModuleFile(file);
    return { name: file.name, buildId, manifest };
  } catch (error) {
    if (error instanceof ModuleFileError) return { wrong: error.message };
    throw error;
  }
}

/** Reads only the build-id: the registry checks the rest, and names each wrong field. */
function readManifest(name: string, manifest: string): Read {
  const wrong = (why: string) => ({ wrong: MODULE_FILE.noManifest(name, why) });
  let given: { readonly buildId?: unknown } | null;
  try {
    given = JSON.parse(manifest) as typeof given;
  } catch {
    return wrong(MODULE_FILE.noJson);
  }
  const buildId = given?.buildId;
  return typeof buildId === 'string' && isBuildId(buildId)
    ? { name, buildId, manifest }
    : wrong(MODULE_FILE.noBuildIdField);
}
