import type { ElfFile, Place } from '../elf/file.js';
import type { Relocations } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';
import { isWritableData, enclosingObject, type Range } from './data.js';
import { PATCH } from './layout.js';
import { readObjects, type Objects } from './objects.js';

const THIS_MODULE = '.gnu.linkonce.this_module';
const FIELDS: readonly number[] = [PATCH.mod, PATCH.objs, PATCH.states];

/** A structure that has the shape of a `klp_patch`. */
export interface Candidate {
  readonly at: Place;
  readonly range: Range;
  readonly replace: boolean;
  readonly objects: Objects;
}

/**
 * Finds the structures in the module's data with the shape of a
 * `klp_patch`. Stops at the second, because two are an error.
 *
 * It starts with the module's own address, like many kernel structures (`file_operations`, `miscdevice` …).
 * Only its whole shape distinguishes it from them.
 */
export function findCandidates(file: ElfFile): Candidate[] {
  const found: Candidate[] = [];
  for (const { section, relocations, entries } of file.relocations.uses(
    file.symbols.inSections(thisModule(file)),
  )) {
    if (!isWritableData(section)) continue;
    for (const next of entries) {
      if (relocations.type(next) !== file.machine.absolute64 || !pointsToThisModule(file, relocations, next))
        continue;
      const candidate = readCandidate(file, section, relocations.at(next));
      if (candidate !== null) found.push(candidate);
      if (found.length > 1) return found;
    }
  }
  return found;
}

/** The sections of the module's own structure. */
export const thisModule = (file: ElfFile): Section[] =>
  file.sections.filter((section) => section.name === THIS_MODULE);

/** Returns true for the address of `__this_module`, by any symbol. */
export function pointsToThisModule(file: ElfFile, relocations: Relocations, next: number): boolean {
  return relocations.to(next) === 0 && file.sections[relocations.toSection(next)]?.name === THIS_MODULE;
}

function readCandidate(file: ElfFile, section: Section, offset: number): Candidate | null {
  const at = { section, offset };
  const replace = readReplace(file, at);
  if (replace === null || !file.isZero(section, offset + PATCH.afterReplace, offset + PATCH.size))
    return null;
  const relocated = file.relocated(section, offset - 7, offset + PATCH.size)!;
  for (let next = relocated.first; next < relocated.end; next++) {
    const field = relocated.all.at(next) - offset;
    if (
      !FIELDS.includes(field) ||
      (next > relocated.first && relocated.all.at(next - 1) === relocated.all.at(next))
    )
      return null;
  }
  const objects = readObjects(file, at);
  return objects && { at, range: enclosingObject(file, at, PATCH.size), replace, objects };
}

/** Reads the `replace` flag. Null if the byte is neither 0 nor 1. */
function readReplace(file: ElfFile, { section, offset }: Place): boolean | null {
  const byte = file.u8(section, offset + PATCH.replace);
  return byte === 0 ? false : byte === 1 ? true : null;
}
