import { join } from 'node:path';
import { shown, unreadable } from '../failure.js';
import { listFolder, readFlag, readNumber, Vanished } from './attribute.js';
import type { Paths } from './paths.js';

/** One directory below `/sys/kernel/livepatch`, as it stands. */
export interface PatchFolder {
  readonly name: string;
  readonly enabled: boolean;
  readonly transition: boolean;
  readonly replace: boolean | null;
  readonly stackOrder: number | null;
  readonly objects: readonly PatchedObject[];
  /** Which attributes are there; tells what this kernel can say. */
  readonly attributes: readonly string[];
}

export interface PatchedObject {
  readonly name: string;
  readonly patched: boolean | null;
  readonly functions: readonly { readonly name: string; readonly sympos: number }[];
}

const MODULE_NAME = /^[A-Za-z0-9_.+-]{1,55}$/;
/** More than any kernel holds, and the most that a report carries. */
const MOST_PATCHES = 500;
const MOST_PLACES = 100_000;
const MOST_FUNCTIONS = 20_000;

/** Is this what the registry knows as a module's name? */
export const isModuleName = (name: string): boolean => MODULE_NAME.test(name);

/** What was listed must be there; if not, it went away in between. */
function there<T>(value: T | null, path: string): T {
  if (value === null) throw new Vanished(path);
  return value;
}

function readFunction(folder: string, entry: string): { name: string; sympos: number } {
  const found = /^([^\u0000-\u001f\u007f\ufffd]{1,511}),([0-9]{1,9})$/.exec(entry);
  if (found === null) throw unreadable(join(folder, entry), `found a folder ${shown(entry)}, and it should be FUNCTION,POSITION`);
  return { name: found[1]!, sympos: Number(found[2]) };
}

function readObject(folder: string, name: string): PatchedObject {
  const entries = there(listFolder(folder), folder);
  const functions = entries.filter((entry) => entry.isDirectory()).map((entry) => readFunction(folder, entry.name));
  if (functions.length > MOST_FUNCTIONS) throw unreadable(folder, `holds more than ${MOST_FUNCTIONS} functions`);
  const patched = entries.some((entry) => entry.name === 'patched') ? there(readFlag(join(folder, 'patched')), folder) : null;
  return { name, patched, functions };
}

function readFolder(folder: string, name: string): PatchFolder {
  const entries = there(listFolder(folder), folder);
  const attributes = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  const listed = <T>(attribute: string, read: (path: string) => T | null): T | null =>
    attributes.includes(attribute) ? there(read(join(folder, attribute)), join(folder, attribute)) : null;

  return {
    name,
    // a directory is made and removed in steps: without these two it is not a patch yet, or no longer
    enabled: there(listed('enabled', readFlag), join(folder, 'enabled')),
    transition: there(listed('transition', readFlag), join(folder, 'transition')),
    replace: listed('replace', readFlag),
    stackOrder: listed('stack_order', (path) => readNumber(path, 0, MOST_PLACES)),
    objects: entries.filter((entry) => entry.isDirectory()).map((entry) => readObject(join(folder, entry.name), entry.name)),
    attributes,
  };
}

/**
 * Which directories are below `/sys/kernel/livepatch`?
 *
 * Everything is read one attribute after the other, without a snapshot: one call may see half of a change. See `settle`.
 *
 * @returns sorted by name; null where this kernel has no livepatch support
 * @throws Vanished where a directory went away meanwhile; Failure UNREADABLE naming the path
 */
export function readPatchFolders(paths: Paths): PatchFolder[] | null {
  const folders = listFolder(paths.livepatches)?.filter((entry) => entry.isDirectory());
  if (folders === undefined) return null;
  if (folders.length > MOST_PATCHES) throw unreadable(paths.livepatches, `holds more than ${MOST_PATCHES} livepatches`);
  return folders.map((entry) => {
    // never left out: a listed patch that is not told could make a host look safe
    if (!isModuleName(entry.name)) throw unreadable(paths.livepatches, `holds ${shown(entry.name)}, which is not a module's name`);
    return readFolder(paths.livepatch(entry.name), entry.name);
  });
}
