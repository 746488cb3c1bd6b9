import { hostFilter } from '@klpreg/where';
import { areasOf } from '../src/overview/history-series.js';
import { whereKernel, whereLabel, whereStack } from '../src/address/where-terms.js';
import { topRows } from '../src/overview/top-rows.js';

describe('the values with the most hosts', () => {
  const counted = [5, 4, 3, 2].map((hosts) => ({ value: `v${hosts}`, hosts }));
  it.each([
    ['all of them, if no more than asked for', counted.slice(0, 2), 9, ['v5', 'v4']],
    ['all of them, if only one more', counted.slice(0, 3), 12, ['v5', 'v4', 'v3']],
    ['the first, and the others together', counted, 14, ['v5', 'v4', 5]],
    ['with what the registry left out of a long list', counted.slice(0, 2), 10, ['v5', 'v4', 1]],
    ['nothing of an empty list', [], 0, []],
  ])('%s', (_, values, total, expected) => {
    expect(topRows(values, total, 2).map((row) => row.value ?? row.hosts)).toEqual(expected);
  });

  it('adds up to the total', () => {
    for (let most = 0; most < 6; most++)
      expect(topRows(counted, 14, most).reduce((sum, { hosts }) => sum + hosts, 0)).toBe(14);
  });
});

describe('the filter of a link', () => {
  it.each([
    ['a kernel release', whereKernel('6.1.0-56-amd64'), { kernelReleases: ['6.1.0-56-amd64'] }],
    ['a release with a comma', whereKernel('6.1,x'), { kernelReleases: ['6.1,x'] }],
    ['a label', whereLabel('env', 'prod'), { labels: [{ key: 'env', in: ['prod'] }] }],
    [
      'a label with the name of a fact',
      whereLabel('kernel', 'x'),
      { labels: [{ key: 'kernel', in: ['x'] }] },
    ],
    ['no label', whereLabel('env', undefined), { labels: [{ key: 'env', exists: false }] }],
    ['the original code', whereStack('(original)'), { minPatches: 0, maxPatches: 0 }],
    ['one livepatch', whereStack('lp_1'), { runningNames: ['lp_1'], minPatches: 1, maxPatches: 1 }],
    [
      'the newest of two, and their number',
      whereStack('lp_1 < lp_2'),
      { runningNames: ['lp_2'], minPatches: 2, maxPatches: 2 },
    ],
  ])('%s', (_, where, expected) => {
    expect(hostFilter(where)).toEqual(expected);
  });
});

it('lays the areas of the chart on each other, the topmost first', () => {
  const row = { time: '2026-11-27T05:00:00Z', safe: 1, unknown: 2, unsafe: 3, refused: 4 };
  expect(areasOf([row])).toEqual([[Date.parse(row.time) / 1000], [10], [6], [3], [1]]);
});
