import { unreadable } from '../failure.js';
import { readAttribute, readBytes, readNumber } from './attribute.js';
import { buildIdOf } from './build-id-note.js';
import { orNull } from './read-problems.js';
import type { Paths } from './paths.js';
import type { ProcModulesLine, ModuleState } from './proc-modules.js';

/**
 * The facts of a loaded module in `/sys/module/M` and `/proc/modules`. Null: this kernel does not have it.
 */
export interface LoadedModule {
  readonly name: string;
  /** From `notes/.note.gnu.build-id`: the best identity of a loaded module. */
  readonly buildId: string | null;
  /** Only with MODULE_SRCVERSION_ALL or MODULE_VERSION. Not unique. */
  readonly srcversion: string | null;
  readonly refcount: number | null;
  readonly moduleState: ModuleState | null;
  readonly moduleTaint: string | null;
}

const STATES = { live: 'Live', coming: 'Loading', going: 'Going' } as const;

/** Reads the taint letters of a module. Null if this kernel does not show them. */
export const readTaint = (paths: Paths, name: string): string | null =>
  readAttribute(paths.taintOf(name), /^[A-Z+-]{0,64}$/, 'letters of taints')?.replaceAll(/[+-]/g, '') ?? null;

function readBuildId(paths: Paths, name: string): string | null {
  const note = readBytes(paths.buildIdNoteOf(name), 4096);
  const buildId = note === null ? null : buildIdOf(note);
  if (note !== null && buildId === null)
    throw unreadable(paths.buildIdNoteOf(name), 'is not an ELF note with a build-id');
  return buildId;
}

function readInitState(paths: Paths, name: string): ModuleState | null {
  const text = readAttribute(paths.initStateOf(name), /^(?:live|coming|going)$/, 'live, coming or going');
  return text === null ? null : STATES[text as keyof typeof STATES];
}

/**
 * Reads the facts of a loaded module.
 *
 * @param taint as read before
 * @param line its line of `/proc/modules`, if there is one
 */
export function readSysModule(
  paths: Paths,
  name: string,
  taint: string | null,
  line: ProcModulesLine | undefined,
  warnings: string[],
): LoadedModule {
  const maybe = <T>(read: () => T): T | null => orNull(warnings, read);
  return {
    name,
    buildId: maybe(() => readBuildId(paths, name)),
    srcversion: maybe(() =>
      readAttribute(paths.srcversionOf(name), /^[!-~]{1,64}$/, 'a word of at most 64 letters and digits'),
    ),
    refcount: maybe(() => readNumber(paths.refcountOf(name), -1, 2 ** 31)) ?? line?.refcount ?? null,
    moduleState: line?.state ?? maybe(() => readInitState(paths, name)),
    moduleTaint: taint ?? line?.taint ?? null,
  };
}
