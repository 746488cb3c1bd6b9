import type { AuthorState, Restore, State } from '../../src/index.js';
import { declare } from '../../src/facts/declared.js';
import { authorState, states } from '../../src/testing/index.js';

const declared = (id: number, version: number, restore: Restore = 'UNKNOWN') => ({
  id: BigInt(id),
  version,
  restore,
});

test.each<
  [
    sentence: string,
    kernel: readonly State[] | null,
    author: AuthorState[],
    expected: ReturnType<typeof declared>[],
  ]
>([
  ['there is no declaration', [], [], []],
  ['of what only the kernel sees no source says that it is restored', states({ 7: 1 }), [], [declared(7, 1)]],
  [
    'its author adds one',
    states({ 7: 1 }),
    [authorState(8, 2, 'CALLBACKS')],
    [declared(7, 1), declared(8, 2, 'CALLBACKS')],
  ],
  [
    'where its states cannot be read its author’s count',
    null,
    [authorState(8, 2, 'CALLBACKS')],
    [declared(8, 2, 'CALLBACKS')],
  ],
  [
    'the kernel sees the higher version',
    states({ 7: 2 }),
    [authorState(7, 1, 'CALLBACKS')],
    [declared(7, 2, 'CALLBACKS')],
  ],
  [
    'its author says the higher version',
    states({ 7: 1 }),
    [authorState(7, 2, 'CALLBACKS')],
    [declared(7, 2, 'CALLBACKS')],
  ],
  ['version 0 is a version', states({ 7: 0 }), [], [declared(7, 0)]],
])('which states is a patch known to modify: %s', (_, kernel, author, expected) =>
  expect(declare(kernel, author)).toEqual(expected),
);

const CAUTIOUS_FIRST: readonly Restore[] = ['IMPOSSIBLE', 'UNKNOWN', 'CALLBACKS', 'NOT_NEEDED'];

test.each(
  CAUTIOUS_FIRST.flatMap((one, i) => CAUTIOUS_FIRST.slice(i + 1).map((other) => [one, other] as const)),
)('of two words on one state the more cautious holds: %s rather than %s', (cautious, other) => {
  const said = (...words: Restore[]): string[] =>
    declare(
      [],
      words.map((word) => authorState(7, 1, word)),
    ).map(({ restore }) => restore);
  expect([said(cautious, other), said(other, cautious)]).toEqual([[cautious], [cautious]]);
});
