import { readModule } from '../src/index.js';
import { readCompiled } from './compiled.js';
import { klpBuildModule, kpatchModule, staticModule } from './synthetic.js';

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

test('the address of klp_get_state() in data is a use that is not understood', () => {
  const also = ({ writer, data }: Parameters<NonNullable<NonNullable<Parameters<typeof staticModule>[0]>['also']>>[0]) =>
    writer.relocate(data, 0x700, 1, writer.symbol('klp_get_state', 0));
  expect(readModule(staticModule({ also }))).toMatchObject({ states: null, unreadable: { code: 'ADDRESS_ESCAPES' } });
});

describe('object names as the kernel gets them', () => {
  test('kpatch-build makes NULL of vmlinux', () => {
    expect(readModule(kpatchModule()).objects?.map(({ name, spelled }) => [name, spelled])).toEqual([
      ['lab_target', 'lab_target'],
      ['vmlinux', null],
    ]);
  });

  test('klp-build hands over what its section says', () => {
    expect(readModule(klpBuildModule()).objects).toMatchObject([{ name: 'lab_target', spelled: 'lab_target' }]);
    expect(readModule(klpBuildModule({ object: 'vmlinux' })).objects).toMatchObject([{ name: 'vmlinux', spelled: 'vmlinux' }]);
    expect(readModule(klpBuildModule({ object: null })).objects).toMatchObject([{ name: 'vmlinux', spelled: null }]);
  });
});
