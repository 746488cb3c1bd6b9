import { join } from 'node:path';
import { Vanished } from '../src/read/attribute.js';
import type { PatchDirectory } from '../src/read/sys-livepatch.js';
import { inStackOrder } from '../src/read/stack-order.js';
import type { Sample } from '../src/read/sample.js';
import { pathsOf } from '../src/read/paths.js';
import { readUntilStable } from '../src/read/read-until-stable.js';

const folder = (name: string, stackOrder: number | null = null): PatchDirectory => ({
  name,
  enabled: true,
  transition: false,
  replace: null,
  stackOrder,
  objects: [],
  attributes: [],
});
const seen = (names: string, instability: string[] = []): Sample => ({
  folders: names.split('').map((name) => folder(name)),
  modules: [],
  loaded: null,
  otherLivePatching: [],
  problems: { unread: [], warnings: [] },
  instability,
});

/**
 * A tree that shows one thing after the other; the last
 * one stays. `null`: a directory vanishes under the look.
 */
function tree(...looks: (Sample | null)[]) {
  const counted = { looks: 0 };
  const readSample = () => {
    const now = looks[Math.min(counted.looks, looks.length - 1)]!;
    counted.looks += 1;
    if (now === null) throw new Vanished('sys/kernel/livepatch/lp/enabled');
    return now;
  };
  return { counted, settled: () => readUntilStable(readSample, [0, 0, 0, 0, 0]) };
}

test.each<[what: string, looks: (Sample | null)[], names: string, count: number]>([
  ['two equal looks are enough', [seen('a')], 'a', 2],
  ['a change in between: looks again', [seen('ab'), seen('a')], 'a', 3],
  ['a directory that vanishes: looks again', [seen('ab'), null, seen('a')], 'a', 4],
  ['a value there and back is not believed', [seen('a'), seen('b'), seen('a'), seen('b'), seen('b')], 'b', 5],
  [
    'something that is leaving is waited for',
    [seen('ab', ['b is leaving']), seen('ab', ['b is leaving']), seen('a')],
    'a',
    4,
  ],
  ['what stays unsettled is taken as it is', [seen('ab', ['b is pinned'])], 'ab', 6],
])('%s', async (_what, looks, names, count) => {
  const { counted, settled } = tree(...looks);
  expect((await settled()).folders?.map(({ name }) => name).join('')).toBe(names);
  expect(counted.looks).toBe(count);
});

test('a tree that never stands still is an error, not a guess', async () => {
  await expect(
    tree(seen('a'), seen('b'), seen('c'), seen('d'), seen('e'), seen('f')).settled(),
  ).rejects.toMatchObject({
    code: 'UNREADABLE',
    message: 'the livepatches changed between any two samples; gave up after 6 samples',
  });
  await expect(tree(null).settled()).rejects.toMatchObject({
    message:
      'sys/kernel/livepatch/lp/enabled: does not exist, although its directory does; gave up after 6 samples',
  });
});

describe('the order of the list', () => {
  const paths = pathsOf({ sys: '/s', proc: '/p', libModules: '/l', kpatch: '/k', system: null });
  test.each<[what: string, listed: PatchDirectory[], loaded: string[] | null, order: string]>([
    ['stack_order says it', [folder('a', 2), folder('b', 1)], null, 'ba'],
    [
      'else the reverse of /proc/modules',
      [folder('a'), folder('b'), folder('c')],
      ['b', 'x', 'c', 'a'],
      'acb',
    ],
    ['one needs no order', [folder('a')], null, 'a'],
    ['a stack order that two have is not believed', [folder('a', 1), folder('b', 1)], ['a', 'b'], 'ba'],
  ])('%s', (_what, listed, loaded, order) =>
    expect(
      inStackOrder(paths, listed, loaded, [])
        .map(({ name }) => name)
        .join(''),
    ).toBe(order),
  );
});

test('nothing of the paths leaves its root', () => {
  const paths = pathsOf({
    sys: '/t/sys',
    proc: '/t/proc',
    libModules: '/t/lib/modules',
    kpatch: '/t/var/lib/kpatch',
    system: '/t',
  });
  const all = Object.values(paths).flatMap((path) =>
    typeof path === 'function' ? (path as (...words: string[]) => string | string[])('x', 'y') : path,
  );
  expect(all.filter((path) => path !== null && !path.startsWith('/t/'))).toEqual([]);
  expect(paths.livepatch('lp')).toBe(join('/t/sys/kernel/livepatch/lp'));
});
