import { basename, join } from 'node:path';
import type { ModuleReading } from '@klpreg/module';
import { sha256 } from '@klpreg/wire';
import { Failure } from '../failure.js';
import { listFolder, readBytes, Vanished } from './attribute.js';

/** A module file whose build-id is one that was asked for. */
export interface ModuleFile {
  readonly file: string;
  readonly buildId: string;
  /** Of the uncompressed file. */
  readonly sha256: string;
  /** Null where the file cannot be read as a module; then `broken` says why. */
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

/** The name that the module in this file has once loaded, by its file's name. Only says where to look first. */
export const nameOfFile = (file: string): string => basename(file).replace(MODULE_FILE, '').replaceAll('-', '_');

/** Every module file below a folder. Links to files are taken, links to folders are not: they may lead in circles. */
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
 * Which of these builds is in this file?
 *
 * A build-id that does not occur in the bytes is not in the file's note either, so most files are passed over without being read as modules.
 *
 * @returns null where it is none of them, or no module at all
 */
async function openFile(file: string, wanted: ReadonlySet<string>): Promise<{ size: number; found: ModuleFile | null }> {
  const packed = readBytes(file, MAX_FILE_BYTES, true);
  if (packed === null) return { size: 0, found: null };
  // most hosts have no file to read, and then nothing that reads one is loaded
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
    return { size: packed.length, found: { file, buildId: reading.buildId, sha256: reading.sha256, reading, broken: null } };
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    return { size: packed.length, found: { file, buildId, sha256: sha256(bytes), reading: null, broken: `${error.code}: ${error.message}` } };
  }
}

/** Returns the vendors' folders for one kernel: below `/usr/lib/kpatch`, and below those whose name begins with `livepatch`. */
export function vendorFolders(vendors: string | null, release: string): string[] {
  if (vendors === null) return [];
  const names = (listFolder(vendors) ?? []).filter((entry) => entry.isDirectory() && /^(?:kpatch$|livepatch)/.test(entry.name));
  return names.map((entry) => join(vendors, entry.name, release));
}

/**
 * Which files hold these builds?
 *
 * Files that are named after a wanted module come first and are all read, so that two that contradict each other are both found; then, while a build is still missing, the rest.
 * Bounded by files, bytes and time; a bound that is hit is told, because then a reading may be missing.
 *
 * @param wanted build-ids and the names that their modules have
 * @param folders searched recursively; those that are not there are passed over
 */
export async function findModules(wanted: ReadonlyMap<string, string>, folders: readonly string[], warn: (text: string) => void): Promise<ModuleFile[]> {
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
    if (index >= named.length && found.length > 0 && [...buildIds].every((id) => found.some((module) => module.buildId === id))) break;
    if (index >= MAX_OPENED || bytes > MAX_BYTES || performance.now() > until) {
      // without a count, which would differ from run to run
      warn('the search for module files was given up: there are too many; name the folder with --modules');
      break;
    }
    try {
      const opened = await openFile(file, buildIds);
      bytes += opened.size;
      if (opened.found !== null) found.push(opened.found);
    } catch (error) {
      // one file that cannot be read is no reason to be silent about the others
      if (!(error instanceof Failure || error instanceof Vanished)) throw error;
      warn(`${error.message} (this module file was passed over)`);
    }
  }
  return found;
}
