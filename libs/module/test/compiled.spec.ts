import { readModule } from '../src/index.js';
import { readCompiled } from './compiled.js';
import { klpBuildModule, kpatchModule, staticModule, type Parts } from './synthetic.js';

const own = (name: string) => readModule(readCompiled(`x86_64/states-${name}`));

describe('what code does through the pointer of klp_get_state() (x86-64, as gcc compiles C)', () => {
  test.each<[sentence: string, name: string]>([
    ['stores to data, loads, and a pointer that is left in %rax', '1'],
    ['a helper that returns the pointer to callers in this file', '2'],
    ['loads of versions in a loop', '3'],
  ])('free: %s', (_, name) => {
    for (const variant of ['', '-size', '-asan', '-kcov', '-frames'])
      expect(own(`${name}${variant}`)).toMatchObject({
        states: [{ id: 1n, version: 2 }],
        unreadable: null,
        impact: 'DECLARED',
        rewritesEarlierStates: false,
        rewriteReason: null,
      });
  });

  test.each<[sentence: string, name: string, code: string]>([
    ['a store to the version', '20', 'CHANGED_AT_RUN_TIME'],
    ['the same, compiled for size', '20-size', 'CHANGED_AT_RUN_TIME'],
    ['the same, with KASAN', '20-asan', 'CHANGED_AT_RUN_TIME'],
    ['the same, with KCOV', '20-kcov', 'CHANGED_AT_RUN_TIME'],
    ['a store to the id', '21', 'CHANGED_AT_RUN_TIME'],
    ['a store behind a helper that returns the pointer', '22', 'CHANGED_AT_RUN_TIME'],
    ['the pointer is stored to memory', '23', 'ADDRESS_ESCAPES'],
    ['the pointer is handed to an unknown function', '24', 'ADDRESS_ESCAPES'],
    ['a tail call of a function of this file that stores', '25', 'CHANGED_AT_RUN_TIME'],
    ['a store to the next state of the array', '26', 'CHANGED_AT_RUN_TIME'],
    ['a store at a computed place', '27', 'CHANGED_AT_RUN_TIME'],
    ['a function that returns the pointer, with its address in a table', '40', 'ADDRESS_ESCAPES'],
  ])('unreadable: %s', (_, name, code) => {
    expect(own(name)).toMatchObject({ states: null, unreadable: { code }, impact: 'UNREADABLE' });
  });

  test.each<[sentence: string, name: string, code: string]>([
    ['a store to the version', '30', 'CHANGED_AT_RUN_TIME'],
    ['the pointer is handed to an unknown function', '31', 'ADDRESS_ESCAPES'],
    ['a store through one of two pointers', '32', 'CHANGED_AT_RUN_TIME'],
    ['the pointer is stored to memory', '33', 'ADDRESS_ESCAPES'],
  ])('states of patches below are rewritten: %s (klp_get_prev_state)', (_, name, code) => {
    expect(own(name)).toMatchObject({ rewritesEarlierStates: true, rewriteReason: { code } });
  });

  test('a store through the pointer of klp_get_prev_state() alone leaves the own states readable', () => {
    expect(own('30')).toMatchObject({ states: [{ id: 1n, version: 2 }], unreadable: null });
    expect(own('32')).toMatchObject({ states: null });
  });
});

describe('a static patch is found and read on each architecture, as compilers load its address', () => {
  const FOLDERS = ['aarch64', 's390x', 'ppc64le', 'ppc64le-medium', 'ppc64le-pcrel'];
  const read = (folder: string, name: string) => readModule(readCompiled(`${folder}/${name}`));

  test.each(FOLDERS)('%s: with and without __init, with and without a line of log', (folder) => {
    for (const name of ['init', 'says', 'text', 'text-says'])
      expect(read(folder, name)).toMatchObject({
        arch: folder.split('-')[0],
        builder: 'STATIC',
        replace: false,
        states: [{ id: 1n, version: 1 }],
        unreadable: null,
        impact: 'DECLARED',
        objects: [{ name: 'vmlinux', spelled: null, functions: [{ name: 'cmdline_proc_show', sympos: 0n }] }],
      });
  });

  test.each(FOLDERS)('%s: no states is no proof that init code does nothing', (folder) => {
    expect(read(folder, 'stateless')).toMatchObject({
      states: [],
      impact: 'UNDECLARED',
      impactReasons: [expect.stringMatching(/^INIT_CODE: /)],
    });
  });

  test.each(['x86_64', ...FOLDERS])(
    '%s: a version that is raised by init or exit code is unreadable',
    (folder) => {
      expect(read(folder, 'raises')).toMatchObject({ states: null, impact: 'UNREADABLE' });
      // where code names several objects, compilers count from one address for all of them
      const code = expect.stringMatching(/^(CHANGED_AT_RUN_TIME|ENABLED_ELSEWHERE)$/) as string;
      expect(read(folder, 'raises-later')).toMatchObject({ states: null, unreadable: { code } });
    },
  );

  test.each(['ppc64le', 'ppc64le-medium'])(
    '%s: init code that stores elsewhere is no change of the declaration',
    (folder) => {
      expect(read(folder, 'init-does')).toMatchObject({ states: [{ id: 1n, version: 1 }], unreadable: null });
    },
  );
});

describe('init and exit code that provably only enables and logs is no impact (x86-64)', () => {
  test.each<[sentence: string, name: string]>([
    ['with __init and __exit', 'init'],
    ['with one line of log in each, as a template of a distribution has it', 'says'],
    ["without __init and __exit, as the kernel's sample has it", 'text'],
    ['without them and with log', 'text-says-plain'],
    ['compiled for size', 'text-says-size'],
    ['less optimised', 'text-says-less'],
    ['with KCOV', 'text-says-kcov'],
    ['with frame pointers', 'text-says-frames'],
    ['with indirect branch tracking', 'text-says-ibt'],
    ['with call padding', 'text-says-padding'],
    ['without return thunks', 'text-says-returns'],
  ])('NONE: %s', (_, name) => {
    expect(readModule(readCompiled(`x86_64/${name}`))).toMatchObject({
      states: [],
      impact: 'NONE',
      impactReasons: [],
    });
  });

  test.each<[sentence: string, name: string]>([
    ['a store in init code', 'does-INIT_DOES'],
    ['a store in an init function without __init', 'text-does-INIT_DOES'],
    ['another call in exit code', 'does-EXIT_DOES'],
    ['another call in an exit function without __exit', 'text-does-EXIT_DOES'],
  ])('UNDECLARED: %s', (_, name) => {
    expect(readModule(readCompiled(`x86_64/${name}`))).toMatchObject({
      states: [],
      impact: 'UNDECLARED',
      impactReasons: [expect.stringMatching(/^INIT_CODE: /)],
    });
  });

  const enable = '48c7c700000000 e800000000';
  const relocations: NonNullable<Parameters<typeof staticModule>[0]>['relocations'] = [
    [3, 11, 'PATCH', 0],
    [8, 4, 'ENABLE', -4],
  ];
  test.each<[sentence: string, after: string, impact: string]>([
    ['a return', 'c3', 'NONE'],
    ['a load from the stack', '488b0424 c3', 'NONE'],
    ['a store to the stack', '48890424 c3', 'UNDECLARED'],
    ['a store through a register', '488903 c3', 'UNDECLARED'],
    ['a load through a register', '488b03 c3', 'UNDECLARED'],
    ['an indirect call', 'ffd0 c3', 'UNDECLARED'],
    ['a call of a function of its own', 'e8 00000000 c3', 'UNDECLARED'],
    ['a jump into the middle of an instruction', 'eb01 b800000000 c3', 'UNDECLARED'],
    ['another stack pointer', '4889c4 c3', 'UNDECLARED'],
    ['a string store', 'f348ab c3', 'UNDECLARED'],
    ['ud2', '0f0b c3', 'UNDECLARED'],
    ['a write to a port', 'ee c3', 'UNDECLARED'],
  ])('after enabling, %s: %s', (_, after, impact) => {
    expect(readModule(staticModule({ states: null, init: `${enable} ${after}`, relocations })).impact).toBe(
      impact,
    );
  });

  test.each<[sentence: string, type: number, impact: string]>([
    ['of the size of its place', 11, 'NONE'],
    ['that writes into the next instruction', 1, 'UNDECLARED'],
  ])('an address %s', (_, type, impact) => {
    const also = ({ writer, init, stringsSymbol }: Parts) =>
      writer.relocate(init, 15, type, stringsSymbol, 0);
    expect(
      readModule(
        staticModule({ states: null, init: `${enable} 48c7c600000000 4889c3 90 c3`, relocations, also }),
      ).impact,
    ).toBe(impact);
  });

  const inText = (
    size: number,
    code: string,
    also: (parts: Parts, symbol: number) => void = () => undefined,
  ) =>
    staticModule({
      states: null,
      also: (parts) => {
        const { writer, text, textSymbol } = parts;
        writer.sections[text]!.bytes = Buffer.concat([
          Buffer.alloc(64, 0x90),
          Buffer.from(code.replaceAll(' ', ''), 'hex'),
        ]);
        writer.symbol('cleanup_module', text, 64, size, 2);
        writer.relocate(
          writer.sections.findIndex(({ name }) => name === '.gnu.linkonce.this_module'),
          0x108,
          1,
          textSymbol,
          64,
        );
        also(parts, textSymbol);
      },
    });
  test.each<[sentence: string, file: () => Buffer, impact: string]>([
    ['returns', () => inText(1, 'c3'), 'NONE'],
    ['goes on behind the end that its symbol says', () => inText(1, '90 0f30 c3'), 'UNDECLARED'],
    ['jumps out of itself', () => inText(2, 'ebbe 90 c3'), 'UNDECLARED'],
    ['is longer than its section', () => inText(99, 'c3'), 'UNDECLARED'],
    [
      'is rewritten by an alternative',
      () =>
        inText(1, 'c3', ({ writer }, symbol) =>
          writer.relocate(writer.section('.altinstructions', 2, Buffer.alloc(12)), 0, 2, symbol, 64),
        ),
      'UNDECLARED',
    ],
    [
      'is next to code that is rewritten',
      () =>
        inText(1, 'c3', ({ writer }, symbol) =>
          writer.relocate(writer.section('.altinstructions', 2, Buffer.alloc(12)), 0, 2, symbol, 63),
        ),
      'NONE',
    ],
  ])('an exit function in .text that %s', (_, file, impact) =>
    expect(readModule(file()).impact).toBe(impact),
  );
});

test('the address of klp_get_state() in data is a use that is not understood', () => {
  const also = ({ writer, data }: Parts) =>
    writer.relocate(data, 0x700, 1, writer.symbol('klp_get_state', 0));
  expect(readModule(staticModule({ also }))).toMatchObject({
    states: null,
    unreadable: { code: 'ADDRESS_ESCAPES' },
  });
});

describe('object names as the kernel gets them', () => {
  test('kpatch-build makes NULL of vmlinux', () => {
    expect(readModule(kpatchModule()).objects?.map(({ name, spelled }) => [name, spelled])).toEqual([
      ['lab_target', 'lab_target'],
      ['vmlinux', null],
    ]);
  });

  test('klp-build hands over what its section says', () => {
    expect(readModule(klpBuildModule()).objects).toMatchObject([
      { name: 'lab_target', spelled: 'lab_target' },
    ]);
    expect(readModule(klpBuildModule({ object: 'vmlinux' })).objects).toMatchObject([
      { name: 'vmlinux', spelled: 'vmlinux' },
    ]);
    expect(readModule(klpBuildModule({ object: null })).objects).toMatchObject([
      { name: 'vmlinux', spelled: null },
    ]);
  });
});
