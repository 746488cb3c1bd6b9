import { ALLOC, CODE, DATA, ElfWriter, FUNC, NOTE, OBJECT } from './elf-writer.js';

/*
 * SYNTHETIC modules: written by hand for shapes of which no captured file exists. They show what the reader
 * does, not what builders do.
 */

/** An architecture as the writer needs it: ELF numbers, and init code that enables the patch. */
export interface Target {
  readonly arch: string;
  readonly machine: number;
  readonly little: boolean;
  readonly absolute64: number;
  readonly code: (writer: ElfWriter) => Uint8Array;
  /** Place, type and what the relocation is for, with the addend that the instruction form needs. */
  readonly relocations: readonly (readonly [
    at: number,
    type: number,
    of: 'PATCH' | 'ENABLE',
    addend: number,
  ])[];
}

const words =
  (...values: number[]) =>
  (writer: ElfWriter) =>
    writer.u32(...values);

export const X86: Target = {
  arch: 'x86_64',
  machine: 62,
  little: true,
  absolute64: 1,
  code: () => Buffer.from('48c7c700000000e900000000', 'hex'),
  relocations: [
    [3, 11, 'PATCH', 0],
    [8, 4, 'ENABLE', -4],
  ],
};
export const ARM64: Target = {
  arch: 'aarch64',
  machine: 183,
  little: true,
  absolute64: 257,
  code: words(
    0xd503233f,
    0xa9bf7bfd,
    0x90000000,
    0x910003fd,
    0x91000000,
    0x94000000,
    0xa8c17bfd,
    0xd50323bf,
    0xd65f03c0,
  ),
  relocations: [
    [8, 275, 'PATCH', 0],
    [16, 277, 'PATCH', 0],
    [20, 283, 'ENABLE', 0],
  ],
};
export const S390: Target = {
  arch: 's390x',
  machine: 22,
  little: false,
  absolute64: 22,
  code: () => Buffer.from('c02000000000c0f400000000', 'hex'),
  relocations: [
    [2, 19, 'PATCH', 2],
    [8, 20, 'ENABLE', 2],
  ],
};
export const PPC64LE: Target = {
  arch: 'ppc64le',
  machine: 21,
  little: true,
  absolute64: 38,
  code: words(0x3c620000, 0x7c0802a6, 0x38630000, 0x48000001, 0x60000000, 0x4e800020),
  relocations: [
    [0, 50, 'PATCH', 0],
    [8, 48, 'PATCH', 0],
    [12, 10, 'ENABLE', 0],
  ],
};
export const LOONGARCH: Target = {
  arch: 'loongarch64',
  machine: 258,
  little: true,
  absolute64: 2,
  code: words(0x1a000004, 0x02c00084, 0x54000000, 0x4c000020),
  relocations: [
    [0, 71, 'PATCH', 0],
    [4, 72, 'PATCH', 0],
    [8, 66, 'ENABLE', 0],
  ],
};

/** What every synthetic module has, and where a test adds to it. */
export interface Parts {
  readonly writer: ElfWriter;
  readonly data: number;
  readonly text: number;
  readonly init: number;
  readonly strings: number;
  readonly dataSymbol: number;
  readonly textSymbol: number;
  readonly initSymbol: number;
  readonly stringsSymbol: number;
  readonly enable: number;
  readonly self: number;
  readonly absolute64: number;
}

/** What a test says about its static patch; the rest is quiet. */
export interface Wishes {
  readonly target?: Target;
  readonly states?: readonly (readonly [id: bigint, version: number])[] | null;
  readonly replace?: number;
  readonly modinfo?: string;
  /** Init code and its relocations, instead of the target's. */
  readonly init?: string;
  readonly relocations?: Target['relocations'];
  readonly also?: (parts: Parts) => void;
}

export const PATCH_AT = 0;
export const STATES_AT = 0x100;
export const OBJECTS_AT = 0x200;
export const FUNCS_AT = 0x400;
const STRINGS = Buffer.from('cmdline_proc_show\0lab_target\0vmlinux\0');

/** A module without any patch: modinfo, `__this_module`, build-id, a function, strings and 2 KiB of data. */
export function emptyModule({
  target = X86,
  modinfo = 'livepatch=Y\0name=synthetic\0vermagic=6.1.0 SMP\0',
}: Wishes = {}): Parts {
  const writer = new ElfWriter(target.machine, target.little);
  const text = writer.section('.text', CODE, Buffer.alloc(64));
  const init = writer.section('.init.text', CODE, Buffer.alloc(0));
  const data = writer.section('.data', DATA, Buffer.alloc(0x800));
  const strings = writer.section('.rodata', ALLOC, STRINGS);
  writer.section('.modinfo', ALLOC, Buffer.from(modinfo));
  const self = writer.section('.gnu.linkonce.this_module', DATA, Buffer.alloc(0x400));
  writer.section(
    '.note.gnu.build-id',
    ALLOC,
    Buffer.concat([writer.u32(4, 20, 3), Buffer.from('GNU\0'), Buffer.alloc(20, 0xab)]),
    NOTE,
  );
  const [textSymbol, initSymbol, dataSymbol, stringsSymbol] = [text, init, data, strings].map((section) =>
    writer.symbol('', section, 0, 0, 3),
  );
  const thisModule = writer.symbol('__this_module', self, 0, 0x400, OBJECT);
  writer.symbol('new_function', text, 0, 16, FUNC);
  const enable = writer.symbol('klp_enable_patch', 0);
  writer.relocate(self, 0x100, target.absolute64, initSymbol!);
  return {
    writer,
    data,
    text,
    init,
    strings,
    dataSymbol: dataSymbol!,
    textSymbol: textSymbol!,
    initSymbol: initSymbol!,
    stringsSymbol: stringsSymbol!,
    enable,
    self: thisModule,
    absolute64: target.absolute64,
  };
}

/** A module with a static `klp_patch` of one object (vmlinux) and one function. */
export function staticModule(wishes: Wishes = {}): Buffer {
  const { target = X86, states = [[1n, 2]], replace = 1 } = wishes;
  const parts = emptyModule(wishes);
  const { writer, data, init, dataSymbol, absolute64 } = parts;
  const bytes = writer.sections[data]!.bytes;
  bytes[PATCH_AT + 24] = replace;
  writer.symbol('patch', data, PATCH_AT, 200, OBJECT);
  writer.symbol('objects', data, OBJECTS_AT, 168 * 2, OBJECT);
  writer.symbol('funcs', data, FUNCS_AT, 152 * 2, OBJECT);
  writer.relocate(data, PATCH_AT, absolute64, parts.self);
  writer.relocate(data, PATCH_AT + 8, absolute64, dataSymbol, OBJECTS_AT);
  writer.relocate(data, OBJECTS_AT + 8, absolute64, dataSymbol, FUNCS_AT);
  writer.relocate(data, FUNCS_AT, absolute64, parts.stringsSymbol, 0);
  writer.relocate(data, FUNCS_AT + 8, absolute64, parts.textSymbol, 0);
  if (states !== null) {
    writer.symbol('states', data, STATES_AT, 24 * (states.length + 1), OBJECT);
    writer.relocate(data, PATCH_AT + 16, absolute64, dataSymbol, STATES_AT);
    states.forEach(([id, version], index) =>
      bytes.set(Buffer.concat([writer.u64(id), writer.u32(version)]), STATES_AT + 24 * index),
    );
  }
  writer.sections[init]!.bytes =
    wishes.init === undefined ? target.code(writer) : Buffer.from(wishes.init.replace(/ /g, ''), 'hex');
  for (const [at, type, of, addend] of wishes.relocations ?? target.relocations) {
    writer.relocate(
      init,
      at,
      type,
      of === 'PATCH' ? dataSymbol : parts.enable,
      of === 'PATCH' ? PATCH_AT + addend : addend,
    );
  }
  wishes.also?.(parts);
  return writer.write();
}

/**
 * SYNTHETIC kpatch-build module: `.kpatch.funcs`, and callback
 * sections with the 8 bytes that its linker script pads them with.
 */
export function kpatchModule({
  callbacks = [],
  also,
}: { readonly callbacks?: readonly string[]; readonly also?: (parts: Parts) => void } = {}): Buffer {
  const parts = emptyModule();
  const { writer, absolute64 } = parts;
  const funcs = writer.section('.kpatch.funcs', DATA, Buffer.alloc(56 * 2 + 8));
  for (const [index, object] of [18, 29].entries()) {
    writer.sections[funcs]!.bytes.set(writer.u64(index), index * 56 + 32);
    writer.relocate(funcs, index * 56, absolute64, parts.textSymbol, 0);
    writer.relocate(funcs, index * 56 + 40, absolute64, parts.stringsSymbol, 0);
    writer.relocate(funcs, index * 56 + 48, absolute64, parts.stringsSymbol, object);
  }
  for (const phase of ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch']) {
    const used = callbacks.includes(phase);
    const section = writer.section(`.kpatch.callbacks.${phase}`, DATA, Buffer.alloc(used ? 24 : 8));
    if (!used) continue;
    writer.relocate(section, 0, absolute64, parts.textSymbol, 16);
    writer.relocate(section, 8, absolute64, parts.stringsSymbol, 18);
  }
  writer.section('.kpatch.strings', ALLOC, Buffer.from('x\0'));
  also?.(parts);
  return writer.write();
}

/** SYNTHETIC klp-build module: `.init.klp_objects` and `.init.klp_funcs`. */
export function klpBuildModule({
  callback = false,
  count = 1,
  object = 'lab_target',
  also,
}: {
  readonly callback?: boolean;
  readonly count?: number;
  readonly object?: 'lab_target' | 'vmlinux' | null;
  readonly also?: (parts: Parts) => void;
} = {}): Buffer {
  const parts = emptyModule();
  const { writer, absolute64 } = parts;
  const objects = writer.section('.init.klp_objects', DATA, Buffer.alloc(64));
  const funcs = writer.section('.init.klp_funcs', DATA, Buffer.alloc(24));
  const funcsSymbol = writer.symbol('', funcs, 0, 0, 3);
  if (object !== null)
    writer.relocate(objects, 0, absolute64, parts.stringsSymbol, object === 'vmlinux' ? 29 : 18);
  writer.relocate(objects, 8, absolute64, funcsSymbol, 0);
  if (callback) writer.relocate(objects, 40, absolute64, parts.textSymbol, 16);
  writer.sections[objects]!.bytes.set(writer.u32(count), 56);
  writer.relocate(funcs, 0, absolute64, parts.stringsSymbol, 0);
  writer.relocate(funcs, 8, absolute64, parts.textSymbol, 0);
  writer.sections[funcs]!.bytes.set(writer.u64(3), 16);
  also?.(parts);
  return writer.write();
}
