import { ask, manifest, type States } from '@klpreg/compat/testing';
import {
  ANSWERS,
  type Answer,
  compare,
  compareAll,
  inOrder,
  type MatrixPatch,
} from '../src/matrix/compatibility.js';
import { cellAt, layOut, moved } from '../src/matrix/layout.js';
import { isFound } from '../src/parts/find-patches.js';

const patch = (name: string, states: States | null, differs: Partial<MatrixPatch> = {}): MatrixPatch => ({
  buildId: `id-of-${name}`,
  name,
  release: `release-of-${name}`,
  owner: 'kernel-team',
  arch: 'x86_64',
  replace: true,
  states:
    states === null
      ? null
      : manifest(name, states).states!.map(({ id, version }) => ({ id: String(id), version })),
  evidence: 'MODULE',
  conflicts: [],
  publishedAt: '2026-01-01T00:00:00.000Z',
  recalledAt: null,
  ...differs,
});

describe('What the state rule says', () => {
  const one = patch('one', { 1: 1 });
  test.each<[string, MatrixPatch, MatrixPatch, Answer]>([
    ['the same states: there and back', one, patch('two', { 1: 1 }), 'REPLACES'],
    ['a higher version: there, and no way back', one, patch('two', { 1: 2 }), 'NO_RETURN'],
    ['another state more: there, and no way back', one, patch('two', { 1: 1, 2: 1 }), 'NO_RETURN'],
    ['a lower version is refused', patch('two', { 1: 2 }), one, 'REFUSED'],
    ['a missing state is refused', one, patch('two', {}), 'REFUSED'],
    ['the same build', one, one, 'SAME'],
    ['one that is not cumulative goes on top', one, patch('two', {}, { replace: false }), 'STACKS'],
    [
      'one that is not cumulative is refused with a lower version',
      patch('two', { 1: 2 }),
      patch('three', { 1: 1 }, { replace: false }),
      'REFUSED',
    ],
    ['unreadable states are never accepted', one, patch('two', null), 'NOT_KNOWN'],
    ['unreadable states below are never accepted', patch('two', null), one, 'NOT_KNOWN'],
    ['an unknown flag is never accepted', one, patch('two', { 1: 1 }, { replace: null }), 'NOT_KNOWN'],
    ['unsigned facts are never accepted', one, patch('two', { 1: 1 }, { evidence: 'UNSIGNED' }), 'NOT_KNOWN'],
    ['facts in conflict are never accepted', one, patch('two', { 1: 1 }, { conflicts: ['x'] }), 'NOT_KNOWN'],
    ['another architecture is never accepted', one, patch('two', { 1: 1 }, { arch: 'aarch64' }), 'NOT_KNOWN'],
    ['one name is loaded once', one, patch('two', { 1: 1 }, { name: 'one' }), 'REFUSED'],
  ])('%s', (_, running, loaded, answer) => {
    expect(compare(running, loaded).answer).toBe(answer);
  });

  test('it names the state, and both versions', () => {
    expect(compare(patch('two', { 1: 2, 9: 4 }), one).refusals).toMatchObject([
      { code: 'STATE_VERSION_TOO_LOW', stateId: 1n, need: 2, have: 1 },
      { code: 'STATE_MISSING_IN_TARGET', stateId: 9n, need: 4, have: null },
    ]);
  });

  test('a state id of 64 bits is compared as it is', () => {
    const high = [[18446744073709551615n, 1]] as const;
    const near = [[18446744073709551614n, 1]] as const;
    expect(compare(patch('one', high), patch('two', near)).answer).toBe('REFUSED');
  });
});

describe('All pairs', () => {
  const versions = [0, 1, 2];
  const declared: States[] = versions.flatMap((first) =>
    versions.map((second) => ({ ...(first > 0 && { 1: first }), ...(second > 0 && { 2: second }) })),
  );
  const patches = declared.map((states, index) => patch(`lp_${index}`, states));
  const answers = compareAll(patches);
  const at = (row: number, column: number) => ANSWERS[answers[row * patches.length + column]!];

  test('they are as each pair is alone', () => {
    for (const [row, running] of patches.entries())
      for (const [column, loaded] of patches.entries())
        expect(at(row, column)).toBe(compare(running, loaded).answer);
  });

  test('law: on a host that runs one patch alone, the verdict has the same refusals', () => {
    for (const [row, running] of declared.entries())
      for (const [column, loaded] of declared.entries()) {
        if (row === column) continue;
        const verdict = ask({
          list: [manifest(`lp_${row}`, running)],
          to: manifest(`lp_${column}`, loaded),
          question: { routes: ['REPLACE'] },
        });
        const isRefused = verdict.reasons.some(({ code }) =>
          ['STATE_MISSING_IN_TARGET', 'STATE_VERSION_TOO_LOW'].includes(code),
        );
        expect([row, column, isRefused]).toEqual([row, column, at(row, column) === 'REFUSED']);
        if (at(row, column) === 'REFUSED') expect(verdict.kind).toBe('REFUSED');
      }
  });

  test('law: a point of no return is accepted there and refused back', () => {
    for (const row of patches.keys())
      for (const column of patches.keys())
        expect(at(row, column) === 'NO_RETURN').toBe(
          ['REPLACES', 'NO_RETURN'].includes(at(row, column)!) && at(column, row) === 'REFUSED',
        );
  });
});

test('patches are in the order of publication', () => {
  const [late, early] = [patch('a', {}), patch('b', {}, { publishedAt: '2025-01-01T00:00:00.000Z' })];
  expect(inOrder([late, early])).toEqual([early, late]);
});

test.each([
  ['', true],
  ['ONE', true],
  ['one kernel-team', true],
  ['one other-team', false],
  ['release-of', true],
  ['id-of', true],
  ['17', true],
  ['1', false],
])('a search for %j', (search, isIn) => {
  expect(isFound(patch('one', { 17: 2 }), search)).toBe(isIn);
});

describe('Where the cells are', () => {
  test.each([
    ['few patches have large cells', 5, 1000, false, 28],
    ['60 patches have signs', 60, 1000, false, 13],
    ['300 patches are in view', 300, 1000, false, 3],
    ['300 patches have signs if asked for', 300, 1000, true, 18],
    ['a phone', 60, 330, false, 5],
  ])('%s', (_, cells, width, isLarge, cell) => {
    expect(layOut(cells, width, isLarge).cell).toBe(cell);
  });

  const layout = { cell: 10, left: 100, top: 50, cells: 3 };
  test.each([
    [100, 50, { row: 0, column: 0 }],
    [129, 79, { row: 2, column: 2 }],
    [130, 79, null],
    [99, 60, null],
  ])('the cell at %d, %d', (x, y, cell) => {
    expect(cellAt(layout, x, y)).toEqual(cell);
  });

  test.each([
    ['ArrowUp', false, { row: 0, column: 1 }],
    ['ArrowDown', false, { row: 2, column: 1 }],
    ['ArrowLeft', false, { row: 1, column: 0 }],
    ['ArrowRight', false, { row: 1, column: 2 }],
    ['PageDown', false, { row: 2, column: 1 }],
    ['PageUp', false, { row: 0, column: 1 }],
    ['Home', false, { row: 1, column: 0 }],
    ['End', true, { row: 2, column: 2 }],
    ['a', false, null],
  ])('%s moves from the middle', (key, isControl, to) => {
    expect(moved(key, isControl, { row: 1, column: 1 }, 3)).toEqual(to);
  });
});
