import { canonicalStates } from '../../src/facts/canonical-states.js';

const patch = (...states: [id: bigint, version: number][]) => ({
  states: states.map(([id, version]) => ({ id, version })),
});

test.each([
  ['no patch at all', [], ''],
  ['a patch without states is left out', [patch(), patch([1n, 2])], '1:2'],
  ['ids within a patch are sorted', [patch([10n, 1], [9n, 2])], '9:2,10:1'],
  ['the first of two entries with one id stays the first', [patch([1n, 3], [1n, 1])], '1:3,1:1'],
  ['patches keep their order', [patch([2n, 1]), patch([1n, 1])], '2:1 1:1'],
  ['states that are not known make the list unknown', [patch([1n, 1]), { states: null }], null],
  [
    'an id of 64 bits stays exact',
    [patch([18446744073709551615n, 4294967295])],
    '18446744073709551615:4294967295',
  ],
])('%s', (_, list, expected) => expect(canonicalStates(list)).toBe(expected));
