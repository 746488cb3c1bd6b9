import type { ElfFile, Place } from '../elf/file.js';
import type { Section } from '../elf/sections.js';
import type { ModuleFunction, ModuleObject } from '../reading.js';
import { isWritableData, enclosingObject, type Range } from './data.js';
import { checkCount, MAX_FUNCTIONS, MAX_OBJECTS } from '../limits.js';
import { FUNC, OBJECT, PATCH } from './layout.js';

/** The objects of a patch, and every byte that declares them. */
export interface Objects {
  readonly objects: readonly ModuleObject[];
  readonly ranges: readonly Range[];
  /** The fields of these structures that point to code. */
  readonly isCodePointer: (section: Section, at: number) => boolean;
  /** The symbol table confirms the end of each array, so that no entry was overlooked. */
  readonly complete: boolean;
}

/**
 * Reads the objects and functions that the patch declares.
 *
 * Mirrors `klp_for_each_object_static()` and `klp_for_each_func_static()`.
 * @returns null if the arrays do not have the kernel's shape: then
 *   this is not a `klp_patch`, or of a kernel with another layout.
 */
export function readObjects(file: ElfFile, patch: Place): Objects | null {
  const array = file.pointer(patch.section, patch.offset + PATCH.objs);
  if (array === null) return null;
  const objects: ModuleObject[] = [];
  const ranges: Range[] = [];
  const code = new Set<string>();
  const isCodePointer = (section: Section, at: number) => code.has(`${section.index} ${at}`);
  let complete = true;
  let functions = 0;
  const read = readArray(file, array, OBJECT.size, [OBJECT.name, OBJECT.funcs, ...OBJECT.callbacks], (at) => {
    if (isEmpty(file, at, OBJECT.name) && isEmpty(file, at, OBJECT.funcs)) return 'END';
    const object = readObject(file, at, code);
    if (object === null) return null;
    objects.push(object.object);
    checkCount('objects of the patch', objects.length, MAX_OBJECTS);
    functions += object.object.functions.length;
    checkCount('functions of the patch', functions, MAX_FUNCTIONS);
    ranges.push(...object.ranges);
    complete &&= object.complete;
    return 'NEXT';
  });
  return (
    read && { objects, ranges: [read.range, ...ranges], isCodePointer, complete: complete && read.complete }
  );
}

function readObject(file: ElfFile, at: Place, code: Set<string>) {
  const named = !isEmpty(file, at, OBJECT.name);
  const spelled = named ? file.stringAt(at.section, at.offset + OBJECT.name) : null;
  const name = named ? spelled : 'vmlinux';
  if (name === null || !isZeroFrom(file, at, OBJECT.afterCallbacks, OBJECT.size)) return null;
  const [prePatch, postPatch, preUnpatch, postUnpatch] = OBJECT.callbacks.map((field) =>
    isCode(file, at, field),
  );
  if (prePatch === null || postPatch === null || preUnpatch === null || postUnpatch === null) return null;
  const callbacks = {
    prePatch: prePatch!,
    postPatch: postPatch!,
    preUnpatch: preUnpatch!,
    postUnpatch: postUnpatch!,
  };
  for (const field of OBJECT.callbacks) code.add(`${at.section.index} ${at.offset + field}`);
  if (isEmpty(file, at, OBJECT.funcs))
    return { object: { name, spelled, functions: [], callbacks }, ranges: [], complete: true };
  const funcs = readFunctions(file, file.pointer(at.section, at.offset + OBJECT.funcs), code);
  return (
    funcs && {
      object: { name, spelled, functions: funcs.functions, callbacks },
      ranges: [funcs.range],
      complete: funcs.complete,
    }
  );
}

function readFunctions(file: ElfFile, array: Place | null, code: Set<string>) {
  const functions: ModuleFunction[] = [];
  const read = readArray(file, array, FUNC.size, [FUNC.oldName, FUNC.newFunc], (at) => {
    const sympos = file.u64(at.section, at.offset + FUNC.oldSympos);
    if (isEmpty(file, at, FUNC.oldName) && isEmpty(file, at, FUNC.newFunc) && sympos === 0n) return 'END';
    const name = file.stringAt(at.section, at.offset + FUNC.oldName);
    if (
      name === null ||
      sympos === null ||
      isCode(file, at, FUNC.newFunc) !== true ||
      !isZeroFrom(file, at, FUNC.afterSympos, FUNC.size)
    )
      return null;
    functions.push({ name, sympos });
    code.add(`${at.section.index} ${at.offset + FUNC.newFunc}`);
    return 'NEXT';
  });
  return read && { functions, ...read };
}

/**
 * Walks an array entry by entry; null if it leaves its
 * section, or a relocation inside it falls on no known field.
 */
function readArray(
  file: ElfFile,
  array: Place | null,
  stride: number,
  fields: readonly number[],
  visit: (at: Place) => 'NEXT' | 'END' | null,
) {
  if (array === null || !isWritableData(array.section)) return null;
  let offset = array.offset;
  for (;;) {
    file.budget.consume(1);
    if (offset + stride > array.section.size) return null;
    const went = visit({ section: array.section, offset });
    if (went === null) return null;
    offset += stride;
    if (went === 'END') break;
  }
  const range = enclosingObject(file, array, offset - array.offset);
  const relocated = file.relocated(array.section, range.from - 7, range.to);
  if (relocated !== null) {
    for (let next = relocated.first; next < relocated.end; next++) {
      const place = relocated.all.at(next);
      if (place < array.offset || place >= offset || !fields.includes((place - array.offset) % stride))
        return null;
    }
  }
  return { range, complete: range.from === array.offset && range.to === offset && hasSymbol(file, array) };
}

/** A symbol names the array, so its end is known. */
function hasSymbol(file: ElfFile, { section, offset }: Place): boolean {
  return file.symbols.startsObject(section.index, offset);
}

/** Neither bytes nor a relocation: a NULL pointer once loaded. */
function isEmpty(file: ElfFile, { section, offset }: Place, field: number): boolean {
  const at = offset + field;
  return file.relocationsTouching(section, at, at + 8) === 0 && file.isZero(section, at, at + 8);
}

/** Returns true if the field points to code, false if it is not set. Null: it is set to anything else. */
function isCode(file: ElfFile, at: Place, field: number): boolean | null {
  if (isEmpty(file, at, field)) return false;
  return file.pointer(at.section, at.offset + field)?.section.executable === true ? true : null;
}

function isZeroFrom(file: ElfFile, { section, offset }: Place, from: number, to: number): boolean {
  return file.isZero(section, offset + from, offset + to);
}
