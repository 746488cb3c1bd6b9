import { ALLOC, CODE, DATA, FUNC, NOBITS, OBJECT, type ElfWriter } from './elf-writer.js';
import {
  emptyModule,
  klpBuildModule,
  kpatchModule,
  OBJECTS_AT,
  PATCH_AT,
  STATES_AT,
  staticModule,
  type Parts,
} from './synthetic.js';

/*
 * Modules that are made to cost a reader more than they are long: many of one thing that meets many of
 * another. Each takes a size: twice the size is a file that is about twice as long.
 */

const LONG_NAME = 'klp_'.repeat(250);

/** A static patch whose data section is larger, with the writer of its parts. */
function inData(size: number, also: (parts: Parts) => void): Buffer {
  return staticModule({
    also: (parts) => {
      const section = parts.writer.sections[parts.data]!;
      section.bytes = Buffer.concat([section.bytes, Buffer.alloc(size)]);
      also(parts);
    },
  });
}

/** `count` objects at 0x1000 and, for each, functions; the patch points to them. */
function withObjects(
  count: number,
  functionsOf: (object: number) => number,
  also: (parts: Parts) => void = () => undefined,
): Buffer {
  const parts = emptyModule();
  const { writer, data, init, dataSymbol, stringsSymbol, textSymbol, self } = parts;
  const [objectsAt, functionsAt] = [0x1000, 0x1000 + 168 * (count + 1)];
  writer.sections[data]!.bytes = Buffer.alloc(functionsAt + 152 * 2 * count + 8);
  writer.symbol('patch', data, PATCH_AT, 200, OBJECT);
  writer.relocate(data, PATCH_AT, 1, self);
  writer.relocate(data, PATCH_AT + 8, 1, dataSymbol, objectsAt);
  for (let object = 0; object < count; object++) {
    writer.relocate(data, objectsAt + 168 * object, 1, stringsSymbol, 18);
    writer.relocate(
      data,
      objectsAt + 168 * object + 8,
      1,
      dataSymbol,
      functionsAt + 152 * 2 * functionsOf(object),
    );
  }
  for (let object = 0; object < count; object++) {
    writer.relocate(data, functionsAt + 152 * 2 * object, 1, stringsSymbol, 0);
    writer.relocate(data, functionsAt + 152 * 2 * object + 8, 1, textSymbol, 0);
  }
  writer.sections[init]!.bytes = Buffer.from('48c7c700000000e900000000', 'hex');
  writer.relocate(init, 3, 11, dataSymbol, PATCH_AT);
  writer.relocate(init, 8, 4, parts.enable, -4);
  also(parts);
  return writer.write();
}

/** Calls of a function of the kernel, each with the patch as first argument. */
function calls(name: string, count: number, { writer, text, dataSymbol }: Parts): void {
  const symbol = writer.symbol(name, 0);
  writer.sections[text]!.bytes = Buffer.concat(
    Array.from({ length: count }, () => Buffer.from('48c7c700000000e800000000', 'hex')),
  );
  for (let call = 0; call < count; call++) {
    writer.relocate(text, call * 12 + 3, 11, dataSymbol, 0);
    writer.relocate(text, call * 12 + 8, 4, symbol, -4);
  }
}

function longNames(writer: ElfWriter, count: number): void {
  const first = writer.symbol(LONG_NAME, 0);
  for (let next = 0; next < count; next++) writer.symbolWithNameOf(first, next % 900, 0);
}

export const HEAVY: readonly (readonly [sentence: string, make: (size: number) => Buffer])[] = [
  [
    'keys of .modinfo',
    (n) =>
      emptyModule({
        modinfo: `livepatch=Y\0name=x\0${Array.from({ length: n }, (_, i) => `key${i}=\0`).join('')}`,
      }).writer.write(),
  ],
  [
    'values of one key of .modinfo',
    (n) => emptyModule({ modinfo: `livepatch=Y\0name=x\0${'a=\0'.repeat(n)}` }).writer.write(),
  ],
  [
    'jumps in init code',
    (n) =>
      staticModule({
        states: null,
        init: `48c7c700000000e800000000${'eb00'.repeat(n)}c3`,
        relocations: [
          [3, 11, 'PATCH', 0],
          [8, 4, 'ENABLE', -4],
        ],
      }),
  ],
  [
    'calls in init code',
    (n) =>
      staticModule({
        states: null,
        init: `48c7c700000000e800000000${'e800000000'.repeat(n)}c3`,
        relocations: [
          [3, 11, 'PATCH', 0],
          [8, 4, 'ENABLE', -4],
        ],
        also: ({ writer, init }) => {
          const printk = writer.symbol('_printk', 0);
          for (let call = 0; call < n; call++) writer.relocate(init, 13 + call * 5, 4, printk, -4);
        },
      }),
  ],
  [
    'uses of objects, of which there are many',
    (n) =>
      withObjects(
        n,
        (object) => object,
        ({ writer, text, dataSymbol }) => {
          writer.sections[text]!.bytes = Buffer.alloc(n * 8 + 8, 0x90);
          for (let use = 0; use < n; use++) writer.relocate(text, use * 8 + 3, 2, dataSymbol, 0x300);
        },
      ),
  ],
  [
    'pointers in data to objects, of which there are many',
    (n) =>
      withObjects(
        n,
        (object) => object,
        ({ writer, dataSymbol }) => {
          const more = writer.section('.data.more', DATA, Buffer.alloc(n * 8));
          for (let use = 0; use < n; use++) writer.relocate(more, use * 8, 1, dataSymbol, 0x1000 + use * 8);
        },
      ),
  ],
  ['objects that share one long list of functions', (n) => sharedFunctions(n)],
  ['functions of one object', (n) => namedFunctions(n, 'n')],
  ['functions with one long name', (n) => namedFunctions(n, 'n'.repeat(1000))],
  [
    'relocations at one place',
    (n) =>
      inData(0, ({ writer, text, dataSymbol }) =>
        repeat(n, () => writer.relocate(text, 8, 11, dataSymbol, STATES_AT)),
      ),
  ],
  [
    'relocations from the last place to the first',
    (n) =>
      inData(0, ({ writer, text, dataSymbol }) => {
        writer.sections[text]!.bytes = Buffer.alloc(n * 4, 0x90);
        repeat(n, (i) => writer.relocate(text, (n - 1 - i) * 4, 11, dataSymbol, 0x700));
      }),
  ],
  ['candidates that share one long array', (n) => sharedArray(n)],
  [
    'data objects that contain the states',
    (n) =>
      inData(0, ({ writer, data }) => repeat(n, (i) => writer.symbol('', data, i % 0x100, 0x700, OBJECT))),
  ],
  [
    'data objects and objects of the patch',
    (n) =>
      withObjects(
        n,
        (object) => object,
        ({ writer, data }) => repeat(n, (i) => writer.symbol('', data, i % 0x1000, 0, OBJECT)),
      ),
  ],
  ['states', (n) => manyStates(n)],
  ['calls of klp_enable_patch', (n) => inData(0, (parts) => calls('klp_enable_patch', n, parts))],
  ['calls of klp_get_state', (n) => inData(0, (parts) => calls('klp_get_state', n, parts))],
  [
    'calls of klp_get_state, and functions that all contain them',
    (n) =>
      inData(0, (parts) => {
        calls('klp_get_state', n, parts);
        repeat(n, (i) => parts.writer.symbol('', parts.text, i, n * 12 - i, FUNC));
      }),
  ],
  ['functions that return a state to each other', (n) => inData(0, (parts) => chain(n, parts))],
  [
    'symbols with long names that share their bytes',
    (n) => staticModule({ states: null, also: ({ writer }) => longNames(writer, n) }),
  ],
  [
    'one long name that many symbols have',
    (n) =>
      inData(
        0,
        ({ writer }) => (writer.symbol('klp_'.repeat(n), 0), repeat(n, () => writer.symbol('klp_x', 0))),
      ),
  ],
  [
    'sections',
    (n) =>
      inData(0, ({ writer, dataSymbol }) =>
        repeat(n, (i) => {
          const section = writer.section(`.text.a_function_${i}`, CODE, Buffer.alloc(64, 0x90));
          for (const at of [40, 20]) writer.relocate(section, at, i % 2 === 0 ? 2 : 11, dataSymbol, 0x700);
        }),
      ),
  ],
  [
    'sections with one long name',
    (n) =>
      inData(0, ({ writer }) =>
        repeat(n, () => writer.section(`.init.klp_${'x'.repeat(900)}`, 0, Buffer.alloc(1))),
      ),
  ],
  ['functions of kpatch-build with long names', (n) => kpatchEntries(n)],
  ['objects of klp-build that claim the same functions', (n) => klpBuildObjects(n)],
  ['a states array of terabytes in .bss', (n) => inData(n, bssStates)],
  ['a table of static branches of terabytes without bytes in the file', (n) => inData(n, emptyTable)],
  ['static branches', (n) => inData(0, (parts) => branches(n, parts))],
];

function repeat(count: number, make: (index: number) => unknown): void {
  for (let index = 0; index < count; index++) make(index);
}

function sharedFunctions(count: number): Buffer {
  // every list of functions ends only behind the last one's end: no entry but the last is empty
  const parts = emptyModule();
  const { writer, data, dataSymbol, stringsSymbol, textSymbol, self } = parts;
  const functionsAt = 0x1000 + 168 * (count + 1);
  writer.sections[data]!.bytes = Buffer.alloc(functionsAt + 152 * (count + 1));
  writer.relocate(data, 0, 1, self);
  writer.relocate(data, 8, 1, dataSymbol, 0x1000);
  for (let object = 0; object < count; object++) {
    writer.relocate(data, 0x1000 + 168 * object, 1, stringsSymbol, 18);
    writer.relocate(data, 0x1000 + 168 * object + 8, 1, dataSymbol, functionsAt);
  }
  for (let next = 0; next < count; next++) {
    writer.relocate(data, functionsAt + 152 * next, 1, stringsSymbol, 0);
    writer.relocate(data, functionsAt + 152 * next + 8, 1, textSymbol, 0);
  }
  return writer.write();
}

function namedFunctions(count: number, name: string): Buffer {
  return inData(152 * (count + 1), ({ writer, data, dataSymbol, textSymbol }) => {
    const names = writer.section('.rodata.names', ALLOC, Buffer.from(`${name}\0`));
    const namesSymbol = writer.symbol('', names, 0, 0, 3);
    writer.removeRelocations(data, OBJECTS_AT + 8);
    writer.relocate(data, OBJECTS_AT + 8, 1, dataSymbol, 0x800);
    for (let next = 0; next < count; next++) {
      writer.relocate(data, 0x800 + 152 * next, 1, namesSymbol, next % Math.ceil(name.length / 2));
      writer.relocate(data, 0x800 + 152 * next + 8, 1, textSymbol, 0);
    }
  });
}

function sharedArray(count: number): Buffer {
  const parts = emptyModule();
  const { writer, data, dataSymbol, self } = parts;
  writer.sections[data]!.bytes = Buffer.alloc(count * 208 + count * 168);
  for (let object = 0; object < count; object++)
    writer.relocate(data, count * 208 + object * 168, 1, parts.stringsSymbol, 0);
  for (let next = 0; next < count; next++) {
    writer.relocate(data, next * 208, 1, self, 0);
    writer.relocate(data, next * 208 + 8, 1, dataSymbol, count * 208);
  }
  return writer.write();
}

function manyStates(count: number): Buffer {
  return inData(24 * (count + 1), ({ writer, data, dataSymbol }) => {
    const bytes = writer.sections[data]!.bytes;
    for (let next = 0; next < count; next++) bytes[0x800 + 24 * next] = 1;
    writer.removeRelocations(data, PATCH_AT + 16);
    writer.relocate(data, PATCH_AT + 16, 1, dataSymbol, 0x800);
  });
}

/** Function i calls function i - 1 and returns what that returned; the first calls klp_get_state(). */
function chain(count: number, { writer, text, textSymbol }: Parts): void {
  const getState = writer.symbol('klp_get_state', 0);
  writer.sections[text]!.bytes = Buffer.concat(
    Array.from({ length: count }, () => Buffer.from('e800000000c39090', 'hex')),
  );
  for (let next = 0; next < count; next++) {
    writer.symbol('', text, next * 8, 6, FUNC);
    writer.relocate(
      text,
      next * 8 + 1,
      4,
      next === 0 ? getState : textSymbol,
      next === 0 ? -4 : (next - 1) * 8 - 4,
    );
  }
}

function branches(count: number, { writer, text, textSymbol }: Parts): void {
  const getState = writer.symbol('klp_get_state', 0);
  writer.sections[text]!.bytes = Buffer.concat([
    Buffer.from('e800000000', 'hex'),
    Buffer.alloc(count, 0x90),
    Buffer.from('c3', 'hex'),
  ]);
  writer.symbol('', text, 0, count + 6, FUNC);
  writer.relocate(text, 1, 4, getState, -4);
  const table = writer.section('__jump_table', DATA, Buffer.alloc(16 * count));
  for (let next = 0; next < count; next++) {
    writer.relocate(table, next * 16, 2, textSymbol, 5 + next);
    writer.relocate(table, next * 16 + 4, 2, textSymbol, 5 + count - next);
  }
}

function bssStates({ writer, data }: Parts): void {
  const bss = writer.section('.bss', DATA, Buffer.alloc(0), NOBITS);
  writer.sections[bss]!.size = 2 ** 40;
  writer.symbol('states', bss, 0, 24 * 2 ** 35, OBJECT);
  writer.removeRelocations(data, PATCH_AT + 16);
  writer.relocate(data, PATCH_AT + 16, 1, writer.symbol('', bss, 0, 0, 3), 0);
}

function emptyTable({ writer, text, textSymbol }: Parts): void {
  const table = writer.section('__jump_table', DATA, Buffer.alloc(0), NOBITS);
  writer.sections[table]!.size = 2 ** 40;
  writer.relocate(table, 0, 2, textSymbol, 0);
  writer.relocate(text, 0, 4, writer.symbol('klp_get_state', 0), -4);
}

function kpatchEntries(count: number): Buffer {
  return kpatchModule({
    also: ({ writer, textSymbol }) => {
      const names = writer.section('.rodata.names', ALLOC, Buffer.from(`${'n'.repeat(1000)}\0`));
      const namesSymbol = writer.symbol('', names, 0, 0, 3);
      const funcs = writer.sections.findIndex(({ name }) => name === '.kpatch.funcs');
      writer.sections[funcs]!.bytes = Buffer.alloc(56 * (count + 2) + 8);
      for (let next = 2; next < count + 2; next++) {
        writer.relocate(funcs, next * 56, 1, textSymbol, 0);
        writer.relocate(funcs, next * 56 + 40, 1, namesSymbol, next % 500);
        writer.relocate(funcs, next * 56 + 48, 1, namesSymbol, next % 900);
      }
    },
  });
}

function klpBuildObjects(count: number): Buffer {
  return klpBuildModule({
    also: ({ writer, stringsSymbol, textSymbol }) => {
      const index = (name: string) => writer.sections.findIndex((section) => section.name === name);
      const [objects, funcs] = [index('.init.klp_objects'), index('.init.klp_funcs')];
      const funcsSymbol = writer.symbol('', funcs, 0, 0, 3);
      writer.sections[funcs]!.bytes = Buffer.alloc(24 * (count + 1));
      for (let next = 1; next <= count; next++) {
        writer.relocate(funcs, next * 24, 1, stringsSymbol, 0);
        writer.relocate(funcs, next * 24 + 8, 1, textSymbol, 0);
      }
      const first = Buffer.from(writer.sections[objects]!.bytes);
      first.set(writer.u32(count), 56);
      writer.sections[objects]!.bytes = Buffer.concat(Array.from({ length: count }, () => first));
      for (let next = 1; next < count; next++) {
        writer.relocate(objects, next * 64, 1, stringsSymbol, 18);
        writer.relocate(objects, next * 64 + 8, 1, funcsSymbol, 0);
      }
    },
  });
}
