import { mapOf, type Mark, ownersOf, type StatePatch } from '../src/states/state-map.js';

type Author = NonNullable<StatePatch['author']>;

const patch = (
  day: number,
  states: Readonly<Record<string, number>> | null,
  differs: Partial<StatePatch> = {},
): StatePatch => ({
  buildId: `id-${day}`,
  name: `lp_${day}`,
  release: `r-${day}`,
  owner: 'kernel-team',
  kernelRelease: '6.12.95',
  states: states === null ? null : Object.entries(states).map(([id, version]) => ({ id, version })),
  author: null,
  conflicts: [],
  publishedAt: `2026-01-0${day}T00:00:00.000Z`,
  recalledAt: null,
  ...differs,
});

const author = (id: string, version: number): Author => ({
  evidence: 'MANIFEST',
  states: [{ id, version, what: 'a counter', restore: 'CALLBACKS' }],
});

test('the newest patch is the first row, and the ids are in numerical order', () => {
  const { ids, rows } = mapOf([patch(1, { 10: 1 }), patch(2, { 9: 1, '18446744073709551615': 1 })]);
  expect(ids).toEqual(['9', '10', '18446744073709551615']);
  expect(rows.map(({ patch }) => patch.name)).toEqual(['lp_2', 'lp_1']);
  expect(rows[0]!.cells.map((cell) => cell?.version ?? null)).toEqual([1, null, 1]);
});

test.each<[string, StatePatch[], Mark[]]>([
  ['the same version', [patch(1, { 7: 2 }), patch(2, { 7: 2 })], []],
  ['a lower version in a later patch', [patch(1, { 7: 2 }), patch(2, { 7: 1 })], ['WENT_DOWN']],
  ['a lower version of another owner', [patch(1, { 7: 2 }), patch(2, { 7: 1 }, { owner: 'other' })], []],
  [
    'a lower version for another kernel',
    [patch(1, { 7: 2 }), patch(2, { 7: 1 }, { kernelRelease: '6.1.0' })],
    [],
  ],
  ['an author who agrees', [patch(1, { 7: 2 }, { author: author('7', 2) })], []],
  ['an author with another version', [patch(1, { 7: 2 }, { author: author('7', 3) })], ['AUTHOR_DIFFERS']],
  ['an author alone', [patch(1, {}, { author: author('7', 3) })], ['AUTHOR_DIFFERS']],
  ['a file that cannot be read', [patch(1, null, { author: author('7', 3) })], []],
  ['sources that disagree', [patch(1, { 7: 2 }, { conflicts: ['impact'] })], ['CONFLICT']],
])('%s', (_, patches, marks) => {
  expect(mapOf(patches, '7').rows[0]!.cells[0]!.marks).toEqual(marks);
});

test('what no author states is not known', () => {
  expect(mapOf([patch(1, { 7: 2 })], '7').rows[0]!.cells[0]).toMatchObject({
    restore: 'UNKNOWN',
    isSigned: false,
  });
});

test('the owners of all versions', () => {
  const version = (version: number, owners: string[]) => ({ version, owners, patches: 1, hosts: 0 });
  expect(ownersOf({ stateId: '7', versions: [version(1, ['b']), version(2, ['a', 'b'])] })).toEqual([
    'a',
    'b',
  ]);
});
