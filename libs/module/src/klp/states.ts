import type { ElfFile, Place } from '../elf/file.js';
import { SHT_NOBITS } from '../elf/sections.js';
import { checkCount, MAX_STATES } from '../limits.js';
import type { KlpState, Unreadable } from '../reading.js';
import { isKept, enclosingObject, type Range } from './data.js';
import { PATCH, STATE } from './layout.js';

/** The states of a patch; `range` is null if the pointer is NULL, and covers the terminator. */
export interface States {
  readonly effective: readonly KlpState[];
  readonly shadowed: readonly KlpState[];
  readonly range: Range | null;
}

/**
 * Reads the states that the kernel would walk.
 *
 * Mirrors `klp_for_each_state()`: entries up to the first id 0, duplicates kept.
 * A broken array is a reason, never a shorter list.
 */
export function readStates(file: ElfFile, patch: Place): States | Unreadable {
  const pointerAt = patch.offset + PATCH.states;
  const array = file.pointer(patch.section, pointerAt);
  if (array === null) {
    const isNull =
      file.relocationsTouching(patch.section, pointerAt, pointerAt + 8) === 0 &&
      file.isZero(patch.section, pointerAt, pointerAt + 8);
    return isNull
      ? { effective: [], shadowed: [], range: null }
      : because('STATES_POINTER', 'the states pointer is not NULL and does not point into the module');
  }
  if (!isKept(array.section))
    return because(
      'STATES_POINTER',
      `the states lie in ${array.section.name || 'an unnamed section'}, which does not stay in memory as ` +
        'the file shows it',
    );
  const entries: KlpState[] = [];
  for (let offset = array.offset; ; offset += STATE.size) {
    const entry = readState(file, { section: array.section, offset });
    if (entry === null)
      return because(
        'STATES_MALFORMED',
        'the states array has no terminator, or an id or version that is filled in at load time',
      );
    if (entry.id === 0n) break;
    entries.push(entry);
    checkCount('states of the patch', entries.length, MAX_STATES);
  }
  const range = enclosingObject(file, array, (entries.length + 1) * STATE.size);
  return { effective: entries, shadowed: readShadowed(file, array, entries.length), range };
}

/** One entry; null if it does not lie in the section, or a relocation touches its id or version. */
function readState(file: ElfFile, { section, offset }: Place): KlpState | null {
  const id = file.u64(section, offset + STATE.id);
  const version = file.u32(section, offset + STATE.version);
  if (id === null || version === null || offset + STATE.size > section.size) return null;
  if (file.relocationsTouching(section, offset, offset + STATE.data) !== 0) {
    // the data pointer of the entry before ends exactly here; nothing else may reach in
    return null;
  }
  return { id, version };
}

/**
 * The entries from the first id 0 to the end of the array's
 * symbol; none where that is only the usual terminator.
 */
function readShadowed(file: ElfFile, array: Place, terminator: number): KlpState[] {
  const symbol = file.symbols
    .objectsAt(array.section.index, array.offset)
    .find((object) => object.offset === array.offset);
  if (symbol === undefined || symbol.size % STATE.size !== 0 || array.section.type === SHT_NOBITS) return [];
  const shadowed: KlpState[] = [];
  for (let entry = terminator; entry < symbol.size / STATE.size; entry++) {
    const state = readState(file, { section: array.section, offset: array.offset + entry * STATE.size });
    if (state === null) return [];
    shadowed.push(state);
    checkCount('states of the patch', shadowed.length, MAX_STATES);
  }
  while (shadowed.length > 0 && shadowed.at(-1)!.id === 0n && shadowed.at(-1)!.version === 0) shadowed.pop();
  return shadowed;
}

export function because(code: Unreadable['code'], text: string): Unreadable {
  return { code, text };
}
