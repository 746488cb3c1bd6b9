import { readModule, type ModuleReading } from '../src/index.js';
import { DATA, NOBITS } from './elf-writer.js';
import {
  ARM64,
  emptyModule,
  FUNCS_AT,
  klpBuildModule,
  kpatchModule,
  LOONGARCH,
  OBJECTS_AT,
  PATCH_AT,
  PPC64LE,
  S390,
  STATES_AT,
  staticModule,
  X86,
  type Parts,
  type Wishes,
} from './synthetic.js';

const MANY: Wishes['states'] = [
  [18446744073709551615n, 4294967295],
  [1n, 0],
];

describe('every architecture reads the same', () => {
  test.each([X86, ARM64, S390, PPC64LE, LOONGARCH])('$arch', (target) => {
    expect(readModule(staticModule({ target, states: MANY }))).toMatchObject({
      arch: target.arch,
      builder: 'STATIC',
      replace: true,
      states: [
        { id: 18446744073709551615n, version: 4294967295 },
        { id: 1n, version: 0 },
      ],
      objects: [{ name: 'vmlinux', functions: [{ name: 'cmdline_proc_show', sympos: 0n }] }],
      buildId: 'ab'.repeat(20),
      impact: 'DECLARED',
    });
  });

  test.each([ARM64, S390, PPC64LE, LOONGARCH])(
    '$arch: nothing is proven of code, so no states is not NONE',
    (target) => {
      expect(readModule(staticModule({ target, states: null }))).toMatchObject({
        states: [],
        impact: 'UNDECLARED',
        impactReasons: [expect.stringMatching(/^INIT_CODE/)],
      });
    },
  );

  test.each([ARM64, S390, PPC64LE, LOONGARCH])(
    '$arch: what code does with a pointer to a state is not understood',
    (target) => {
      const why = { code: 'CODE_NOT_UNDERSTOOD', text: expect.stringMatching(/x86-64 only$/) as string };
      const using = staticModule({
        target,
        also: ({ writer, text }) => writer.relocate(text, 8, 1, writer.symbol('klp_get_state', 0)),
      });
      expect(readModule(using)).toMatchObject({
        states: null,
        unreadable: why,
        rewritesEarlierStates: false,
      });
      const rewriting = staticModule({
        target,
        also: ({ writer, text }) => writer.relocate(text, 8, 1, writer.symbol('klp_get_prev_state', 0)),
      });
      expect(readModule(rewriting)).toMatchObject({
        states: [{ id: 1n, version: 2 }],
        rewritesEarlierStates: true,
        rewriteReason: why,
      });
    },
  );

  test.each([ARM64, S390, PPC64LE, LOONGARCH])(
    '$arch: another use of the data section by code cannot be judged',
    (target) => {
      const also = ({ writer, init, dataSymbol }: Parts) =>
        writer.relocate(init, 24, target.relocations[0]![1], dataSymbol, 0x700);
      expect(
        readModule(
          staticModule({
            target,
            also: (parts) => (
              (parts.writer.sections[parts.init]!.bytes = Buffer.concat([
                parts.writer.sections[parts.init]!.bytes,
                Buffer.alloc(64),
              ])),
              also(parts)
            ),
          }),
        ),
      ).toMatchObject({ states: null, unreadable: { code: 'CHANGED_AT_RUN_TIME' } });
    },
  );

  test.each([
    { target: ARM64, name: 'cbz', at: 0, word: 0xb4000000 | (5 << 5) },
    { target: PPC64LE, name: 'bc', at: 4, word: 0x40820008 },
    { target: LOONGARCH, name: 'nothing before it, b from behind', at: 12, word: 0x53ffffff },
  ])(
    '$target.arch: a branch past the load ($name) means that another patch may be enabled',
    ({ target, at, word }) => {
      const also = ({ writer, init }: Parts) => writer.sections[init]!.bytes.set(writer.u32(word >>> 0), at);
      expect(readModule(staticModule({ target, also }))).toMatchObject({
        states: null,
        unreadable: { code: 'ENABLED_ELSEWHERE' },
      });
    },
  );

  test('s390x: a branch past the load means that another patch may be enabled', () => {
    const also = ({ writer, init }: Parts) =>
      (writer.sections[init]!.bytes = Buffer.concat([
        writer.sections[init]!.bytes,
        Buffer.from('a7f4fffd', 'hex'),
        Buffer.alloc(8),
      ]));
    expect(readModule(staticModule({ target: S390, also }))).toMatchObject({
      states: null,
      unreadable: { code: 'ENABLED_ELSEWHERE' },
    });
  });

  test('aarch64: the load must be into the first argument', () => {
    const bytes = staticModule({
      target: ARM64,
      also: ({ writer, init }) => writer.sections[init]!.bytes.set(writer.u32(0x90000013), 8),
    });
    expect(readModule(bytes)).toMatchObject({ states: null, unreadable: { code: 'ENABLED_ELSEWHERE' } });
  });
});

describe('what code may do to the declaration (x86-64, as gcc writes it)', () => {
  const ENABLE = [3, 11, 'PATCH', 0] as const;
  const CALL = (at: number) => [at, 4, 'ENABLE', -4] as const;
  test.each<
    [sentence: string, init: string, relocations: Wishes['relocations'], expected: Partial<ModuleReading>]
  >([
    [
      'lea and call enables as well',
      '488d3d00000000 e800000000 c3',
      [[3, 2, 'PATCH', -4], CALL(8)],
      { replace: true, unreadable: null },
    ],
    [
      'a register move between load and call is harmless',
      '48c7c700000000 4889c6 e800000000 c3',
      [ENABLE, CALL(11)],
      { replace: true, unreadable: null },
    ],
    [
      'a byte store to replace leaves the states readable',
      '48c7c700000000 880500000000 e900000000',
      [ENABLE, [9, 2, 'PATCH', 20], CALL(14)],
      { replace: null, states: [{ id: 1n, version: 2 }], unreadable: null },
    ],
    [
      'an immediate store to replace too',
      'c6050000000000 48c7c700000000 e900000000',
      [[2, 2, 'PATCH', 19], [10, 11, 'PATCH', 0], CALL(15)],
      { replace: null, states: [{ id: 1n, version: 2 }], unreadable: null },
    ],
    [
      'a store to the states pointer',
      '48890500000000 48c7c700000000 e900000000',
      [[3, 2, 'PATCH', 12], [10, 11, 'PATCH', 0], CALL(15)],
      {
        replace: null,
        states: null,
        unreadable: { code: 'CHANGED_AT_RUN_TIME', text: expect.any(String) as string },
      },
    ],
    [
      'a store to a version',
      '890500000000 48c7c700000000 e900000000',
      [[2, 2, 'PATCH', STATES_AT + 4], [9, 11, 'PATCH', 0], CALL(14)],
      { states: null },
    ],
    [
      'a store to the data pointer of a state is no change',
      '48890500000000 48c7c700000000 e900000000',
      [[3, 2, 'PATCH', STATES_AT + 12], [10, 11, 'PATCH', 0], CALL(15)],
      { states: [{ id: 1n, version: 2 }] },
    ],
    [
      'an indexed access based before the states may reach them',
      '898300000000 48c7c700000000 e900000000',
      [[2, 11, 'PATCH', STATES_AT - 24], [9, 11, 'PATCH', 0], CALL(14)],
      { states: null },
    ],
    [
      'the address in another register first',
      '48c7c300000000 4889df e800000000 c3',
      [ENABLE, CALL(11)],
      { states: null },
    ],
    [
      'a store through the argument register',
      '48c7c700000000 c6471800 e900000000',
      [ENABLE, CALL(12)],
      { states: null },
    ],
    [
      'a jump past the load',
      '7507 48c7c700000000 e900000000',
      [[5, 11, 'PATCH', 0], CALL(10)],
      { states: null },
    ],
    [
      'a second call with another argument',
      '48c7c700000000 e800000000 e800000000 c3',
      [ENABLE, CALL(8), CALL(13)],
      { states: null },
    ],
    [
      'no call at all',
      'c3',
      [],
      { states: null, unreadable: { code: 'NOT_ENABLED', text: expect.any(String) as string } },
    ],
  ])('%s', (_, init, relocations, expected) => {
    expect(readModule(staticModule({ init, relocations: relocations! }))).toMatchObject(expected);
  });

  test.each<[sentence: string, also: (parts: Parts) => void, expected: object]>([
    [
      'a module parameter on replace',
      (p) => param(p, 24),
      { replace: null, states: [{ id: 1n, version: 2 }], unreadable: null },
    ],
    [
      'a module parameter on a version',
      (p) => param(p, STATES_AT + 8),
      { states: null, unreadable: { code: 'ADDRESS_ESCAPES' } },
    ],
    [
      'a pointer to the patch in other data',
      (p) => p.writer.relocate(p.data, 0x700, 1, p.dataSymbol, PATCH_AT),
      { states: null, unreadable: { code: 'ADDRESS_ESCAPES' } },
    ],
    [
      'a function pointer to klp_enable_patch',
      (p) => p.writer.relocate(p.data, 0x700, 1, p.enable, 0),
      { states: null, unreadable: { code: 'ENABLED_ELSEWHERE' } },
    ],
    ['a second klp_patch', secondPatch, { states: null, unreadable: { code: 'TWO_CANDIDATES' } }],
    [
      'an id that is filled in at load time',
      (p) => p.writer.relocate(p.data, STATES_AT, 1, p.textSymbol, 0),
      { states: null, unreadable: { code: 'STATES_MALFORMED' } },
    ],
    [
      'a version that is filled in at load time',
      (p) => p.writer.relocate(p.data, STATES_AT + 8, 10, p.textSymbol, 0),
      { states: null, unreadable: { code: 'STATES_MALFORMED' } },
    ],
    [
      'a static data pointer is no change',
      (p) => p.writer.relocate(p.data, STATES_AT + 16, 1, p.textSymbol, 0),
      { states: [{ id: 1n, version: 2 }] },
    ],
    [
      'a replace byte that is no bool',
      (p) => (p.writer.sections[p.data]!.bytes[24] = 2),
      { states: null, unreadable: { code: 'NO_CANDIDATE' } },
    ],
    [
      'a relocation on no known field',
      (p) => p.writer.relocate(p.data, 48, 1, p.textSymbol, 0),
      { states: null, unreadable: { code: 'NO_CANDIDATE' } },
    ],
    [
      'bytes where the kernel keeps its own',
      (p) => (p.writer.sections[p.data]!.bytes[100] = 1),
      { states: null, unreadable: { code: 'NO_CANDIDATE' } },
    ],
    [
      'a states pointer that is a number',
      (p) => p.writer.relocate(p.data, 16, 1, p.writer.symbol('somewhere', 0), 0),
      { states: null },
    ],
  ])('%s', (_, also, expected) => {
    expect(readModule(staticModule({ also }))).toMatchObject(expected);
  });

  test('states without a terminator are not a shorter list', () => {
    const also = ({ writer, data }: Parts) =>
      (writer.sections[data]!.bytes = writer.sections[data]!.bytes.subarray(0, FUNCS_AT + 304).fill(
        1,
        STATES_AT,
        STATES_AT + 24,
      ));
    const bytes = staticModule({
      also: (parts) => {
        also(parts);
        parts.writer.relocate(parts.data, PATCH_AT + 16, 1, parts.dataSymbol, FUNCS_AT + 304 - 24);
      },
      states: null,
    });
    expect(readModule(bytes)).toMatchObject({ states: [], unreadable: null });
    const unterminated = staticModule({
      states: null,
      also: (parts) => {
        const end = FUNCS_AT + 304;
        parts.writer.sections[parts.data]!.bytes = Buffer.concat([
          parts.writer.sections[parts.data]!.bytes.subarray(0, end),
          Buffer.alloc(24, 1),
        ]);
        parts.writer.relocate(parts.data, 16, 1, parts.dataSymbol, end);
      },
    });
    expect(readModule(unterminated)).toMatchObject({
      states: null,
      unreadable: { code: 'STATES_MALFORMED' },
    });
  });

  test('states in .bss are zero, hence none', () => {
    const also = ({ writer, data }: Parts) => {
      const bss = writer.section('.bss', DATA, Buffer.alloc(0), NOBITS);
      writer.sections[bss]!.size = 2 ** 40;
      writer.relocate(data, 16, 1, writer.symbol('', bss, 0, 0, 3), 64);
    };
    expect(readModule(staticModule({ states: null, also }))).toMatchObject({ states: [], unreadable: null });
  });

  test('states in memory that is freed after init are not readable', () => {
    const also = ({ writer, data }: Parts) => {
      const section = writer.section('.init.data', DATA, Buffer.alloc(64));
      writer.relocate(data, 16, 1, writer.symbol('', section, 0, 0, 3), 0);
    };
    expect(readModule(staticModule({ states: null, also }))).toMatchObject({
      states: null,
      unreadable: { code: 'STATES_POINTER' },
    });
  });
});

describe('state impact of a static patch', () => {
  test.each<[sentence: string, wishes: Wishes, impact: string, reasons: string[]]>([
    ['nothing but enabling is NONE', {}, 'NONE', []],
    [
      'a callback',
      { also: ({ writer, data, textSymbol }) => writer.relocate(data, OBJECTS_AT + 24, 1, textSymbol, 0) },
      'UNDECLARED',
      ['CALLBACKS'],
    ],
    [
      'a shadow variable',
      { also: ({ writer }) => writer.symbol('klp_shadow_get', 0) },
      'UNDECLARED',
      ['SHADOW_VARIABLES'],
    ],
    [
      'a shadow variable as a livepatch symbol',
      { also: ({ writer }) => writer.symbol('.klp.sym.vmlinux.klp_shadow_alloc,0', 0) },
      'UNDECLARED',
      ['SHADOW_VARIABLES'],
    ],
    [
      'a shadow variable with a suffix',
      { also: ({ writer }) => writer.symbol('__klp_shadow_free_all.cold', 0) },
      'UNDECLARED',
      ['SHADOW_VARIABLES'],
    ],
    [
      'a call of klp_get_prev_state',
      { also: ({ writer }) => writer.symbol('klp_get_prev_state', 0) },
      'UNDECLARED',
      ['CORE_CALLS'],
    ],
    [
      'a module parameter',
      { also: ({ writer }) => writer.section('__param', 2, Buffer.alloc(40)) },
      'UNDECLARED',
      ['LOAD_CODE'],
    ],
    [
      'a constructor',
      { also: ({ writer }) => writer.section('.init_array', DATA, Buffer.alloc(8)) },
      'UNDECLARED',
      ['LOAD_CODE'],
    ],
    [
      'an instruction that we do not know',
      {
        init: '0f30 48c7c700000000 e900000000',
        relocations: [
          [5, 11, 'PATCH', 0],
          [10, 4, 'ENABLE', -4],
        ],
      },
      'UNDECLARED',
      ['INIT_CODE'],
    ],
    [
      'init code outside of .init.text',
      { also: ({ writer, textSymbol }) => writer.relocate(6, 0x108, 1, textSymbol, 0) },
      'UNDECLARED',
      ['INIT_CODE'],
    ],
    [
      'code that touches an object',
      { also: ({ writer, text, dataSymbol }) => writer.relocate(text, 3, 2, dataSymbol, OBJECTS_AT + 20) },
      'UNDECLARED',
      ['OBJECTS_CHANGED'],
    ],
    [
      'data that points to an object',
      { also: ({ writer, data, dataSymbol }) => writer.relocate(data, 0x700, 1, dataSymbol, OBJECTS_AT) },
      'UNDECLARED',
      ['OBJECTS_UNPROVEN'],
    ],
  ])('%s', (_, wishes, impact, reasons) => {
    const reading = readModule(staticModule({ states: null, ...wishes }));
    expect(reading).toMatchObject({ states: [], impact });
    expect(reading.impactReasons.map((reason) => reason.split(':')[0])).toEqual(reasons);
  });
});

describe('livepatch symbols and their sections, as the kernel scans their names', () => {
  const LIVEPATCH = 0xff20;
  test.each<[sentence: string, name: string, malformed: boolean]>([
    ['of the kernel', '.klp.sym.vmlinux.snprintf,0', false],
    ['of a module', '.klp.sym.nf_tables.nft_do_chain,1', false],
    ['with dots in the symbol', '.klp.sym.vmlinux.foo.isra.0,2', false],
    ['without a position', '.klp.sym.vmlinux.snprintf', true],
    ['with a position that is no number', '.klp.sym.vmlinux.snprintf,x', true],
    ['without a symbol', '.klp.sym.vmlinux,0', true],
    ['without an object', '.klp.sym..snprintf,0', true],
    ['an object of 56 characters', `.klp.sym.${'o'.repeat(56)}.snprintf,0`, true],
    ['a symbol of 512 characters', `.klp.sym.vmlinux.${'s'.repeat(512)},0`, true],
    ['another name, marked as such a symbol', 'snprintf', true],
  ])('%s', (_, name, malformed) => {
    const reading = readModule(staticModule({ also: ({ writer }) => writer.symbol(name, LIVEPATCH) }));
    expect(reading.malformedSymbols).toEqual(malformed ? [name.slice(0, 200)] : []);
  });

  test('a malformed name counts without the mark too, and another name does not', () => {
    const also = ({ writer }: Parts) => (
      writer.symbol('.klp.sym.vmlinux', 0),
      writer.symbol('see.klp.sym.', 0),
      writer.symbol('snprintf', 0)
    );
    expect(readModule(staticModule({ also })).malformedSymbols).toEqual(['.klp.sym.vmlinux']);
  });

  test('sections', () => {
    const also = ({ writer }: Parts) => (
      writer.section('.klp.rela.vmlinux..text', 2, Buffer.alloc(0)),
      writer.section('.klp.rela.text', 2, Buffer.alloc(0))
    );
    expect(readModule(staticModule({ also })).malformedSymbols).toEqual(['.klp.rela.text']);
  });

  test('at most 16 are listed', () => {
    const also = ({ writer }: Parts) =>
      Array.from({ length: 40 }, (_, i) => writer.symbol(`.klp.sym.${i}`, LIVEPATCH));
    expect(readModule(staticModule({ also })).malformedSymbols).toHaveLength(16);
  });
});

describe('modules of builders (synthetic)', () => {
  test('kpatch-build: no states, replace is not told, functions by object', () => {
    expect(readModule(kpatchModule())).toMatchObject({
      builder: 'KPATCH_BUILD',
      states: [],
      replace: null,
      unreadable: null,
      impact: 'NONE',
      objects: [
        { name: 'lab_target', functions: [{ name: 'cmdline_proc_show', sympos: 0n }] },
        { name: 'vmlinux', functions: [{ name: 'cmdline_proc_show', sympos: 1n }] },
      ],
    });
  });

  test('klp-build: no states, replace is not told, functions by object', () => {
    expect(readModule(klpBuildModule())).toMatchObject({
      builder: 'KLP_BUILD',
      states: [],
      replace: null,
      impact: 'NONE',
      objects: [{ name: 'lab_target', functions: [{ name: 'cmdline_proc_show', sympos: 3n }] }],
    });
  });

  test('callbacks are an undeclared impact', () => {
    expect(readModule(kpatchModule({ callbacks: ['pre_patch', 'post_unpatch'] }))).toMatchObject({
      impact: 'UNDECLARED',
      objects: [
        { callbacks: { prePatch: true, postPatch: false, preUnpatch: false, postUnpatch: true } },
        {},
      ],
    });
    expect(readModule(klpBuildModule({ callback: true }))).toMatchObject({
      impact: 'UNDECLARED',
      objects: [{ callbacks: { prePatch: false, postPatch: false, preUnpatch: false, postUnpatch: true } }],
    });
  });

  test.each<[sentence: string, bytes: () => Buffer, code: string]>([
    [
      "a builder's sections and a klp_patch",
      () => staticModule({ also: ({ writer }) => writer.section('.kpatch.funcs', DATA, Buffer.alloc(8)) }),
      'TWO_STORIES',
    ],
    [
      'the sections of two builders',
      () =>
        kpatchModule({ also: ({ writer }) => writer.section('.init.klp_objects', DATA, Buffer.alloc(64)) }),
      'TWO_STORIES',
    ],
    [
      'empty builder sections',
      () =>
        (() => {
          const { writer } = emptyModule();
          writer.section('.kpatch.funcs', DATA, Buffer.alloc(8));
          return writer.write();
        })(),
      'BUILDER_MALFORMED',
    ],
    ['more functions than there are', () => klpBuildModule({ count: 4294967295 }), 'BUILDER_MALFORMED'],
    ['fewer functions than there are', () => klpBuildModule({ count: 0 }), 'BUILDER_MALFORMED'],
  ])('%s is unreadable', (_, bytes, code) => {
    expect(readModule(bytes())).toMatchObject({ states: null, unreadable: { code }, impact: 'UNREADABLE' });
  });
});

function param({ writer, dataSymbol }: Parts, offset: number): void {
  const section = writer.section('__param', 2, Buffer.alloc(40));
  writer.relocate(section, 32, 1, dataSymbol, offset);
}

function secondPatch({ writer, data, dataSymbol, self }: Parts): void {
  writer.relocate(data, 0x600, 1, self);
  writer.relocate(data, 0x608, 1, dataSymbol, OBJECTS_AT);
}
