import fc from 'fast-check';
import {
  applyChanges,
  type Change,
  findChanges,
  findStateRefusals,
  type Patch,
  RULE_SETS,
  type Rules,
} from '../../src/index.js';
import { findState } from '../../src/rules/klp-5.5.js';
import { cumulative, plain } from '../../src/testing/index.js';
import { patch, runs, stack } from '../arbitrary.js';

const said = ({ action, stateId, from, to, holders, orDrop }: Change): string =>
  `${action} ${stateId}: ${from ?? '-'} to ${to ?? '-'} for ` +
  `${holders.join(', ')}${orDrop ? ', or drop' : ''}`;

/** As the file has them, an id 0 and what stands behind it included. */
const raw = (name: string, written: string): Patch => ({
  name,
  replace: true,
  states: written
    .split(' ')
    .map((entry) => ({ id: BigInt(entry.split(':')[0]!), version: Number(entry.split(':')[1]) })),
});
const inSet = (own: Patch, replaceSet: bigint, functions: string[] = []): Patch => ({
  ...own,
  replaceSet,
  functions,
});
const blocking = (name: string, id: bigint): Patch => ({
  name,
  replace: true,
  states: [{ id, version: 3, blockDisable: true }],
});

test.each<[sentence: string, target: Patch, listed: Patch[], changes: string[] | null, rules?: Rules]>([
  ['what is accepted needs no change', cumulative('t', { 7: 1 }), [cumulative('a', { 7: 1 })], []],
  ['nothing is listed: nothing to change', cumulative('t'), [], []],
  [
    'a missing state is added at the version that is held',
    cumulative('t'),
    [cumulative('a', { 7: 2 })],
    ['ADD 7: - to 2 for a'],
  ],
  ['version 0 is a version too', cumulative('t'), [cumulative('a', { 7: 0 })], ['ADD 7: - to 0 for a']],
  [
    'a low version is raised',
    cumulative('t', { 7: 1 }),
    [cumulative('a', { 7: 2 })],
    ['RAISE 7: 1 to 2 for a'],
  ],
  [
    'a non-cumulative one may lack the state instead',
    plain('t', { 7: 1 }),
    [cumulative('a', { 7: 2 })],
    ['RAISE 7: 1 to 2 for a, or drop'],
  ],
  [
    'the highest version that is held is the one to reach',
    cumulative('t'),
    [plain('a', { 7: 5 }), plain('b', { 7: 2 })],
    ['ADD 7: - to 5 for a, b'],
  ],
  [
    'whom the version satisfies is not named',
    cumulative('t', { 7: 1 }),
    [plain('a', { 7: 1 }), plain('b', { 7: 2 })],
    ['RAISE 7: 1 to 2 for b'],
  ],
  ['every entry of a listed patch counts', cumulative('t'), [raw('a', '7:1 7:3')], ['ADD 7: - to 3 for a']],
  [
    'one change for each state',
    cumulative('t', { 1: 1 }),
    [cumulative('a', { 1: 2, 2: 1, 3: 9 })],
    ['RAISE 1: 1 to 2 for a', 'ADD 2: - to 1 for a', 'ADD 3: - to 9 for a'],
  ],
  [
    'the first of two entries is the one to raise',
    raw('t', '7:1 7:9'),
    [cumulative('a', { 7: 2 })],
    ['RAISE 7: 1 to 2 for a'],
  ],
  [
    'what stands behind an id 0 is missing',
    raw('t', '0:0 7:9'),
    [cumulative('a', { 7: 2 })],
    ['ADD 7: - to 2 for a'],
  ],
  [
    'each of several states may be dropped for itself',
    plain('t', { 7: 1, 8: 1 }),
    [cumulative('a', { 7: 2, 8: 2 })],
    ['RAISE 7: 1 to 2 for a, or drop', 'RAISE 8: 1 to 2 for a, or drop'],
  ],
  [
    'without a state check nothing has to change',
    cumulative('t'),
    [cumulative('a', { 7: 2 })],
    [],
    RULE_SETS.none,
  ],
  [
    'block-disable: a state that forbids disabling is added',
    cumulative('t'),
    [blocking('a', 7n)],
    ['ADD 7: - to 3 for a'],
    RULE_SETS['block-disable'],
  ],
  [
    'replace-set: within a set even what was non-cumulative may not drop',
    plain('t', { 7: 1 }),
    [plain('a', { 7: 2 })],
    ['RAISE 7: 1 to 2 for a'],
    RULE_SETS['replace-set'],
  ],
  [
    'replace-set: across sets a shared state is dropped',
    inSet(plain('t', { 7: 1 }), 1n),
    [plain('a', { 7: 2 })],
    ['DROP 7: 1 to - for a'],
    RULE_SETS['replace-set'],
  ],
  [
    'replace-set: no state clears a shared function',
    inSet(plain('t'), 1n, ['vmlinux:f,1']),
    [inSet(plain('a'), 2n, ['vmlinux:f,1'])],
    null,
    RULE_SETS['replace-set'],
  ],
  [
    'replace-set: two sets may want opposite things',
    inSet(plain('t', { 7: 1 }), 1n),
    [inSet(plain('a', { 7: 2 }), 1n), plain('b', { 7: 1 })],
    null,
    RULE_SETS['replace-set'],
  ],
])('%s', (_, target, listed, expected, rules = RULE_SETS['klp-5.5']) => {
  expect(findChanges(target, listed, rules)?.map(said) ?? null).toEqual(expected);
});

test.each<[sentence: string, target: Patch, change: Partial<Change>, states: string]>([
  [
    'what is added stands where the kernel sees it',
    raw('t', '7:1 0:0 8:9'),
    { action: 'ADD', stateId: 8n, to: 2 },
    '8:2 7:1 0:0 8:9',
  ],
  [
    'what is raised stays where it is',
    raw('t', '7:1 8:1 8:9'),
    { action: 'RAISE', stateId: 8n, to: 2 },
    '7:1 8:2 8:9',
  ],
  [
    'what is dropped goes, as often as it is there',
    raw('t', '7:1 8:1 9:1 8:9'),
    { action: 'DROP', stateId: 8n, to: null },
    '7:1 9:1',
  ],
])('%s', (_, target, change, expected) => {
  const changed = applyChanges(target, [
    { from: null, to: null, action: 'ADD', stateId: 0n, holders: [], orDrop: false, ...change },
  ]);
  expect(changed.states.map(({ id, version }) => `${id}:${version}`).join(' ')).toBe(expected);
});

const accepts = (target: Patch, listed: readonly Patch[]): boolean =>
  findStateRefusals(target, listed).length === 0;
/** The version of this id that the kernel sees. */
const seen = (of: Patch, id: bigint): number | null => findState(of, id)?.version ?? null;
const differing = (a: Patch, b: Patch): number =>
  new Set(
    [...a.states, ...b.states].map(({ id }) => id).filter((id) => id !== 0n && seen(a, id) !== seen(b, id)),
  ).size;

const law = (
  name: string,
  holds: (target: Patch, listed: Patch[], changes: Change[], other: Patch) => boolean,
): void =>
  test(name, () =>
    fc.assert(
      fc.property(patch, stack, patch, (target, listed, other) =>
        holds(target, listed, findChanges(target, listed)!, other),
      ),
      runs(2000),
    ),
  );

law('the changes do: what they make is accepted', (target, listed, changes) =>
  accepts(applyChanges(target, changes), listed),
);

law('each of them is needed: without any one the kernel still refuses', (target, listed, changes) =>
  changes.every(
    (one) =>
      !accepts(
        applyChanges(
          target,
          changes.filter((other) => other !== one),
        ),
        listed,
      ),
  ),
);

law(
  'what is accepted needs no change, and only that',
  (target, listed, changes) => accepts(target, listed) === (changes.length === 0),
);

law(
  'nothing smaller does: whatever is accepted differs on at least as many states',
  (target, listed, changes, other) => {
    const like = { ...other, replace: target.replace };
    return !accepts(like, listed) || differing(target, like) >= changes.length;
  },
);

law('they touch no other state', (target, _, changes) => {
  const changed = applyChanges(target, changes);
  return (
    differing(target, changed) === changes.length &&
    changes.every(({ stateId, from, to }) => seen(target, stateId) === from && seen(changed, stateId) === to)
  );
});

law('a state that may be dropped instead can be dropped, each of them', (target, listed, changes) => {
  const dropped = changes.map((change): Change =>
    change.orDrop ? { ...change, action: 'DROP', to: null } : change,
  );
  return (
    changes.every((change) => change.orDrop === (change.action === 'RAISE' && !target.replace)) &&
    accepts(applyChanges(target, dropped), listed)
  );
});

test('under every rule set the changes do, or none would', () =>
  fc.assert(
    fc.property(patch, stack, fc.constantFrom(...Object.values(RULE_SETS)), (target, listed, rules) => {
      const changes = findChanges(target, listed, rules);
      if (changes !== null)
        expect(rules.findStateRefusals(applyChanges(target, changes), listed)).toEqual([]);
      else expect(rules.name).toBe('replace-set');
    }),
    runs(2000),
  ));
