import { join } from 'node:path';
import { shown, unreadable } from '../failure.js';
import { listFolder, readFlag, readNumber, Vanished } from './attribute.js';
import { orNull, type ReadProblems } from './read-problems.js';
import type { Paths } from './paths.js';

/** One directory below `/sys/kernel/livepatch`. */
export interface PatchDirectory {
  readonly name: string;
  /** Null: not readable. */
  readonly enabled: boolean | null;
  /** Null: not readable, or a kernel without this attribute, which has another consistency model. */
  readonly transition: boolean | null;
  readonly replace: boolean | null;
  readonly stackOrder: number | null;
  readonly objects: readonly PatchedObject[];
  /** The names of its attributes. They depend on the kernel. */
  readonly attributes: readonly string[];
}

export interface PatchedObject {
  readonly name: string;
  readonly patched: boolean | null;
  readonly functions: readonly { readonly name: string; readonly sympos: number }[];
}

const MODULE_NAME = /^[A-Za-z0-9_.+-]{1,55}$/;
/** The limit of a report. No kernel has as many. */
const MAX_PATCHES = 500;
const MAX_PLACES = 100_000;
const MAX_FUNCTIONS = 20_000;

/** Returns true for a name that the registry accepts as a module name. */
export const isModuleName = (name: string): boolean => MODULE_NAME.test(name);

/** Throws if something that was listed has disappeared. */
function there<T>(value: T | null, path: string): T {
  if (value === null) throw new Vanished(path);
  return value;
}

function readFunction(folder: string, entry: string): { name: string; sympos: number } {
  const found = /^([^\u0000-\u001f\u007f\ufffd]{1,511}),([0-9]{1,9})$/.exec(entry);
  if (found === null)
    throw unreadable(join(folder, entry), `found a directory ${shown(entry)}, expected FUNCTION,POSITION`);
  return { name: found[1]!, sympos: Number(found[2]) };
}

function readObject(folder: string, name: string, { unread, warnings }: ReadProblems): PatchedObject {
  const entries = there(listFolder(folder), folder);
  const folders = entries.filter((entry) => entry.isDirectory());
  if (folders.length > MAX_FUNCTIONS) throw unreadable(folder, `holds more than ${MAX_FUNCTIONS} functions`);
  const functions = folders.flatMap((entry) => orNull(unread, () => readFunction(folder, entry.name)) ?? []);
  const isShown = entries.some((entry) => entry.name === 'patched');
  const patched = isShown ? orNull(warnings, () => there(readFlag(join(folder, 'patched')), folder)) : null;
  return { name, patched, functions };
}

function readPatchDirectory(folder: string, name: string, problems: ReadProblems): PatchDirectory {
  const entries = there(listFolder(folder), folder);
  const attributes = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  const shownBy = <T>(attribute: string, sentences: string[], read: (path: string) => T | null): T | null => {
    const path = join(folder, attribute);
    return attributes.includes(attribute) ? orNull(sentences, () => there(read(path), path)) : null;
  };
  const { unread, warnings } = problems;
  for (const attribute of ['enabled', 'transition'])
    if (!attributes.includes(attribute)) warnings.push(`${join(folder, attribute)}: does not exist`);

  return {
    name,
    enabled: shownBy('enabled', unread, readFlag),
    transition: shownBy('transition', unread, readFlag),
    replace: shownBy('replace', warnings, readFlag),
    stackOrder: shownBy('stack_order', warnings, (path) => readNumber(path, 0, MAX_PLACES)),
    objects: entries
      .filter((entry) => entry.isDirectory())
      .flatMap(
        (entry) => orNull(unread, () => readObject(join(folder, entry.name), entry.name, problems)) ?? [],
      ),
    attributes,
  };
}

/**
 * Reads the directories below `/sys/kernel/livepatch`.
 *
 * sysfs has no snapshot, so one call may see half of a change. See `readUntilStable`.
 *
 * @param problems receives a sentence for each livepatch and attribute that cannot be read
 * @returns sorted by name; null if the directory does not exist
 * @throws Vanished if a directory disappeared; Failure UNREADABLE with the path
 */
export function readPatchDirectories(paths: Paths, problems: ReadProblems): PatchDirectory[] | null {
  const folders = listFolder(paths.livepatches)?.filter((entry) => entry.isDirectory());
  if (folders === undefined) return null;
  if (folders.length > MAX_PATCHES)
    throw unreadable(paths.livepatches, `holds more than ${MAX_PATCHES} livepatches`);
  return folders.flatMap(({ name }) => {
    if (isModuleName(name))
      return orNull(problems.unread, () => readPatchDirectory(paths.livepatch(name), name, problems)) ?? [];
    // A listed patch must not be missing silently: the host could look safe.
    problems.unread.push(
      `${paths.livepatches}: holds ${shown(name)}, which is not a module name; it is left out`,
    );
    return [];
  });
}
