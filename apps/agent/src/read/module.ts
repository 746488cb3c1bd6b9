import { unreadable } from '../failure.js';
import { readAttribute, readBytes, readNumber } from './attribute.js';
import { buildIdOf } from './note.js';
import type { Paths } from './paths.js';

/** What `/sys/module/M` says of a loaded module. What this kernel does not have is null. */
export interface LoadedModule {
  readonly name: string;
  /** `notes/.note.gnu.build-id`: the best identity of what is loaded. */
  readonly buildId: string | null;
  /** Only with MODULE_SRCVERSION_ALL or MODULE_VERSION. Not unique. */
  readonly srcversion: string | null;
  readonly refcount: number | null;
}

/** What is this module, by its build and its references? */
export function readModule(paths: Paths, name: string): LoadedModule {
  const note = readBytes(paths.buildIdNoteOf(name), 4096);
  const buildId = note === null ? null : buildIdOf(note);
  if (note !== null && buildId === null) throw unreadable(paths.buildIdNoteOf(name), 'is not an ELF note with a build-id');
  return {
    name,
    buildId,
    srcversion: readAttribute(paths.srcversionOf(name), /^[!-~]{1,64}$/, 'a word of at most 64 letters and digits'),
    refcount: readNumber(paths.refcountOf(name), -1, 2 ** 31),
  };
}
