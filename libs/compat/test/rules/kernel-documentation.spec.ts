import { findStateRefusals, type Patch } from '../../src/index.js';
import { cumulative, plain } from '../../src/testing/index.js';

const codes = (target: Patch, listed: readonly Patch[]): string[] =>
  findStateRefusals(target, listed).map((refusal) => `${refusal.code} ${refusal.stateId}`);

// One row for each sentence of the kernel's documentation: system-state.rst, section "Livepatch
// compatibility".
test.each<[sentence: string, listed: Patch[], target: Patch, refused: string[]]>([
  [
    'any completely new system state modification is allowed',
    [cumulative('a')],
    cumulative('b', { 7: 1 }),
    [],
  ],
  [
    'system state modifications with the same version are allowed for already modified system states',
    [cumulative('a', { 7: 2 })],
    cumulative('b', { 7: 2 }),
    [],
  ],
  [
    'system state modifications with a higher version are allowed for already modified system states',
    [cumulative('a', { 7: 1 })],
    cumulative('b', { 7: 2 }),
    [],
  ],
  [
    'a lower version of an already modified state is not allowed',
    [cumulative('b', { 7: 2 })],
    cumulative('a', { 7: 1 }),
    ['STATE_VERSION_TOO_LOW 7'],
  ],
  [
    'cumulative livepatches must handle all system state modifications from already installed livepatches',
    [cumulative('b', { 7: 1 })],
    cumulative('a'),
    ['STATE_MISSING_IN_TARGET 7'],
  ],
  [
    'that also binds over livepatches that are not cumulative',
    [plain('n', { 7: 1 })],
    cumulative('a'),
    ['STATE_MISSING_IN_TARGET 7'],
  ],
  [
    'non-cumulative livepatches are allowed to touch already modified system states',
    [cumulative('a', { 7: 1 })],
    plain('n', { 7: 1 }),
    [],
  ],
  ['a non-cumulative livepatch need not touch them', [cumulative('a', { 7: 1 })], plain('n'), []],
  [
    'a non-cumulative livepatch may not touch them at a lower version',
    [cumulative('a', { 7: 2 })],
    plain('n', { 7: 1 }),
    ['STATE_VERSION_TOO_LOW 7'],
  ],
])('%s', (_, listed, target, refused) => {
  expect(codes(target, listed)).toEqual(refused);
});

test('a refusal names the holder, the state, what is needed and what is there', () => {
  const target = cumulative('a', { 1: 1 });
  expect(findStateRefusals(target, [plain('n', { 1: 2 }), plain('m', { 9: 4 })])).toEqual([
    { code: 'STATE_VERSION_TOO_LOW', patch: 'n', stateId: 1n, need: 2, have: 1 },
    { code: 'STATE_MISSING_IN_TARGET', patch: 'm', stateId: 9n, need: 4, have: null },
  ]);
});

test('every refusal is named, in stack order, not only the one at which the kernel stops', () => {
  const stack = [plain('n', { 1: 2, 2: 1 }), plain('m', { 1: 3 })];
  expect(codes(cumulative('a', { 1: 1 }), stack)).toEqual([
    'STATE_VERSION_TOO_LOW 1',
    'STATE_MISSING_IN_TARGET 2',
    'STATE_VERSION_TOO_LOW 1',
  ]);
});
