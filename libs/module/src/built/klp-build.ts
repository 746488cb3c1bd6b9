import type { ElfFile } from '../elf/file.js';
import type { Section } from '../elf/sections.js';
import { checkCount, MAX_FUNCTIONS, MAX_OBJECTS } from '../limits.js';
import type { ModuleFunction, ModuleObject } from '../reading.js';

/* struct klp_object_ext and klp_func_ext: include/linux/livepatch_external.h, since 6.19. */
const OBJECT = { name: 0, funcs: 8, callbacks: [16, 24, 32, 40], count: 56, size: 64 } as const;
const FUNC = { oldName: 0, newFunc: 8, sympos: 16, size: 24 } as const;

/**
 * Returns the objects and functions of a klp-build module.
 *
 * Its init code (scripts/livepatch/init.c) makes the `klp_patch`
 * at load time from these sections; it never sets states.
 * @returns null if the sections do not have that shape.
 */
export function readKlpBuildObjects(file: ElfFile): ModuleObject[] | null {
  const section = file.section('.init.klp_objects');
  const funcs = file.section('.init.klp_funcs');
  if (section === null || funcs === null || section.size === 0 || section.size % OBJECT.size !== 0)
    return null;
  const objects: ModuleObject[] = [];
  let functions = 0;
  for (let at = 0; at < section.size; at += OBJECT.size) {
    const object = readObject(file, section, at, funcs);
    if (object === null) return null;
    objects.push(object);
    functions += object.functions.length;
    checkCount('objects of the patch', objects.length, MAX_OBJECTS);
    checkCount('functions of the patch', functions, MAX_FUNCTIONS);
  }
  // entries that no object claims would be functions that we overlooked
  return functions * FUNC.size === funcs.size ? objects : null;
}

function readObject(file: ElfFile, section: Section, at: number, funcs: Section): ModuleObject | null {
  const unnamed = file.relocationsTouching(section, at, at + 8) === 0 && file.isZero(section, at, at + 8);
  const name = unnamed ? 'vmlinux' : file.stringAt(section, at + OBJECT.name);
  const array = file.pointer(section, at + OBJECT.funcs);
  const count = file.u32(section, at + OBJECT.count);
  if (
    name === null ||
    array?.section !== funcs ||
    count === null ||
    file.relocationsTouching(section, at + OBJECT.count, at + OBJECT.size) !== 0
  )
    return null;
  if (array.offset + count * FUNC.size > funcs.size) return null;
  const functions: ModuleFunction[] = [];
  file.budget.consume(count);
  for (let next = 0; next < count; next++) {
    const read = readFunction(file, funcs, array.offset + next * FUNC.size);
    if (read === null) return null;
    functions.push(read);
  }
  const [prePatch, postPatch, preUnpatch, postUnpatch] = OBJECT.callbacks.map(
    (field) =>
      file.relocationsTouching(section, at + field, at + field + 8) !== 0 ||
      !file.isZero(section, at + field, at + field + 8),
  );
  return {
    name,
    spelled: unnamed ? null : name,
    functions,
    callbacks: {
      prePatch: prePatch!,
      postPatch: postPatch!,
      preUnpatch: preUnpatch!,
      postUnpatch: postUnpatch!,
    },
  };
}

function readFunction(file: ElfFile, section: Section, at: number): ModuleFunction | null {
  const name = file.stringAt(section, at + FUNC.oldName);
  const sympos = file.u64(section, at + FUNC.sympos);
  if (
    name === null ||
    sympos === null ||
    file.relocationsTouching(section, at + FUNC.sympos, at + FUNC.size) !== 0
  )
    return null;
  return file.pointer(section, at + FUNC.newFunc)?.section.executable === true ? { name, sympos } : null;
}
