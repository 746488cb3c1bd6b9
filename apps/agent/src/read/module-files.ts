import { basename, join } from 'node:path';
import type { ModuleReading } from '@klpreg/module';
import { sha256 } from '@klpreg/wire';
import { Failure } from '../failure.js';
import { listFolder, readBytes, Vanished } from './attribute.js';

/** A module file with one of the wanted build-ids. */
export interface ModuleFile {
  readonly file: string;
  readonly buildId: string;
  /** Of the uncompressed file. */
  readonly sha256: string;
  /** Null if the file cannot be parsed. Then `broken` has the reason. */
  readonly reading: ModuleReading | null;
  readonly broken: string | null;
}

const MODULE_FILE = /\.ko(?:\.(?:xz|zst|gz))?$/;
const MAX_DEPTH = 8;
const MAX_FILES = 20_000;
const MAX_OPENED = 4_000;
const MAX_BYTES = 1 << 30;
const MAX_FILE_BYTES = 128 << 20;
const MAX_TIME_MS = 10_000;

/**
 * Returns the name that a module has when loaded, from its file name. Decides only the order of the search.
 */
export const nameOfFile = (file: string): string =>
  basename(file).replace(MODULE_FILE, '').replaceAll('-', '_');

/**
 * Returns all module files below a directory. Follows links
 * to files, but not to directories, which may form cycles.
 */
function modulesBelow(folder: string, depth = 0, found: string[] = []): string[] {
  if (depth > MAX_DEPTH) return found;
  for (const entry of listFolder(folder) ?? []) {
    if (found.length >= MAX_FILES) return found;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) modulesBelow(path, depth + 1, found);
    else if (MODULE_FILE.test(entry.name) && (entry.isFile() || entry.isSymbolicLink())) found.push(path);
  }
  return found;
}

/**
 * Parses a file if it is one of the wanted builds.
 *
 * Most files do not contain the bytes of a wanted build-id, so they are skipped without parsing.
 *
 * @returns null if it is none of them, or not a module
 */
async function openFile(
  file: string,
  wanted: ReadonlySet<string>,
): Promise<{ size: number; found: ModuleFile | null }> {
  const packed = readBytes(file, MAX_FILE_BYTES, true);
  if (packed === null) return { size: 0, found: null };
  // Most hosts have no such file, so the parser is loaded only here.
  const { ModuleError, openModule, unpackModule } = await import('@klpreg/module');
  const none = { size: packed.length, found: null };
  let bytes: Uint8Array;
  try {
    bytes = await unpackModule(packed);
  } catch (error) {
    if (error instanceof ModuleError) return none;
    throw error;
  }
  const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const buildId = [...wanted].find((id) => plain.includes(Buffer.from(id, 'hex')));
  if (buildId === undefined) return none;
  try {
    const reading = await openModule(bytes);
    if (reading.buildId === null || !wanted.has(reading.buildId)) return none;
    return {
      size: packed.length,
      found: { file, buildId: reading.buildId, sha256: reading.sha256, reading, broken: null },
    };
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    return {
      size: packed.length,
      found: {
        file,
        buildId,
        sha256: sha256(bytes),
        reading: null,
        broken: `${error.code}: ${error.message}`,
      },
    };
  }
}

/** Returns the vendors' directories for one kernel: below `/usr/lib/kpatch` and `/usr/lib/livepatch*`. */
export function vendorFolders(vendors: string | null, release: string): string[] {
  if (vendors === null) return [];
  const names = (listFolder(vendors) ?? []).filter(
    (entry) => entry.isDirectory() && /^(?:kpatch$|livepatch)/.test(entry.name),
  );
  return names.map((entry) => join(vendors, entry.name, release));
}

/**
 * Finds the files of these builds.
 *
 * Reads all files that are named after a wanted module, so that contradicting files are both found. Then
 * reads other files while a build is missing. Limited by files, bytes and time; a reached limit is a warning.
 *
 * @param wanted build-ids, with the names of their modules
 * @param folders searched recursively; missing ones are skipped
 */
export async function findModules(
  wanted: ReadonlyMap<string, string>,
  folders: readonly string[],
  warn: (text: string) => void,
): Promise<ModuleFile[]> {
  if (wanted.size === 0) return [];
  const buildIds = new Set(wanted.keys());
  const names = new Set(wanted.values());
  const files = [...new Set(folders.flatMap((folder) => modulesBelow(folder)))];
  const named = files.filter((file) => names.has(nameOfFile(file)));
  const others = files.filter((file) => !names.has(nameOfFile(file)));
  const until = performance.now() + MAX_TIME_MS;
  const found: ModuleFile[] = [];
  let bytes = 0;
  for (const [index, file] of [...named, ...others].entries()) {
    if (
      index >= named.length &&
      found.length > 0 &&
      [...buildIds].every((id) => found.some((module) => module.buildId === id))
    )
      break;
    if (index >= MAX_OPENED || bytes > MAX_BYTES || performance.now() > until) {
      // Without a count, which would differ from run to run and change the digest.
      warn('the search for module files was stopped: there are too many; set their directory with --modules');
      break;
    }
    try {
      const opened = await openFile(file, buildIds);
      bytes += opened.size;
      if (opened.found !== null) found.push(opened.found);
    } catch (error) {
      // An unreadable file does not stop the search.
      if (!(error instanceof Failure || error instanceof Vanished)) throw error;
      warn(`${error.message} (this module file was skipped)`);
    }
  }
  return found;
}
