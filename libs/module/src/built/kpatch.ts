import type { ElfFile } from '../elf/file.js';
import type { Section } from '../elf/sections.js';
import { checkCount, MAX_FUNCTIONS, MAX_OBJECTS } from '../limits.js';
import type { ModuleCallbacks, ModuleFunction, ModuleObject } from '../reading.js';

/*
 * struct kpatch_patch_func: new_addr, new_size, old_addr, old_size, sympos, name, objname; 8 bytes each. See
 * github.com/dynup/kpatch, kmod/patch/kpatch-patch.h.
 */
const FUNC = { newAddr: 0, sympos: 32, name: 40, objname: 48, size: 56 } as const;
/* struct kpatch_*_callback: callback, objname. */
const CALLBACK = { callback: 0, objname: 8, size: 16 } as const;
const PHASES = {
  prePatch: 'pre_patch',
  postPatch: 'post_patch',
  preUnpatch: 'pre_unpatch',
  postUnpatch: 'post_unpatch',
} as const;

interface Draft {
  functions: ModuleFunction[];
  callbacks: { -readonly [phase in keyof ModuleCallbacks]: boolean };
}

/**
 * Returns the objects and functions of a kpatch-build module.
 *
 * Its init code (kmod/patch/livepatch-patch-hook.c) makes the
 * `klp_patch` at load time from these sections; it never sets states.
 * @returns null if the sections do not have that shape.
 */
export function readKpatchObjects(file: ElfFile): ModuleObject[] | null {
  const objects = new Map<string, Draft>();
  const draft = (name: string) => {
    const known = objects.get(name) ?? {
      functions: [],
      callbacks: { prePatch: false, postPatch: false, preUnpatch: false, postUnpatch: false },
    };
    objects.set(name, known);
    return known;
  };
  let functions = 0;
  const funcs = file.section('.kpatch.funcs');
  if (funcs === null || funcs.size < FUNC.size) return null;
  const read = readEntries(file, funcs, FUNC.size, (at) => {
    const name = file.stringAt(funcs, at + FUNC.name);
    const object = file.stringAt(funcs, at + FUNC.objname);
    const sympos = file.u64(funcs, at + FUNC.sympos);
    if (
      name === null ||
      object === null ||
      sympos === null ||
      file.relocationsTouching(funcs, at + FUNC.sympos, at + FUNC.name) !== 0
    )
      return false;
    if (file.pointer(funcs, at + FUNC.newAddr)?.section.executable !== true) return false;
    draft(object).functions.push({ name, sympos });
    checkCount('objects of the patch', objects.size, MAX_OBJECTS);
    checkCount('functions of the patch', ++functions, MAX_FUNCTIONS);
    return true;
  });
  if (!read || !readCallbacks(file, draft)) return null;
  // patch_alloc_new_object() makes `vmlinux` NULL
  return [...objects].map(([name, object]) => ({
    name,
    spelled: name === 'vmlinux' ? null : name,
    ...object,
  }));
}

function readCallbacks(file: ElfFile, draft: (name: string) => Draft): boolean {
  return Object.entries(PHASES).every(([phase, suffix]) => {
    const section = file.section(`.kpatch.callbacks.${suffix}`);
    if (section === null) return true;
    return readEntries(file, section, CALLBACK.size, (at) => {
      const object = file.stringAt(section, at + CALLBACK.objname);
      if (object === null || file.pointer(section, at + CALLBACK.callback)?.section.executable !== true)
        return false;
      draft(object).callbacks[phase as keyof ModuleCallbacks] = true;
      return true;
    });
  });
}

/**
 * Whole entries, and the 8 zero bytes that kpatch's linker
 * script puts behind them so that an empty section stays.
 */
function readEntries(file: ElfFile, section: Section, size: number, visit: (at: number) => boolean): boolean {
  const end = section.size - (section.size % size);
  const padding = section.size - end;
  if (
    (padding !== 0 && padding !== 8) ||
    !file.isZero(section, end, section.size) ||
    file.relocationsTouching(section, end, section.size) !== 0
  )
    return false;
  for (let at = 0; at < end; at += size) if (!visit(at)) return false;
  return true;
}
