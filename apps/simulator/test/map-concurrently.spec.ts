import { setTimeout as sleep } from 'node:timers/promises';
import { mapConcurrently } from '../src/programs/map-concurrently.js';

test('results are in the order of the items, and the concurrency is not exceeded', async () => {
  let inProgress = 0;
  let highest = 0;
  const results = await mapConcurrently([30, 1, 20, 5, 0], 2, async (milliseconds) => {
    highest = Math.max(highest, ++inProgress);
    await sleep(milliseconds);
    inProgress--;
    return milliseconds;
  });
  expect(results).toEqual([30, 1, 20, 5, 0]);
  expect(highest).toBe(2);
});

test('after the first rejection no further item is started', async () => {
  const started: number[] = [];
  const work = async (item: number) => {
    started.push(item);
    await sleep(1);
    if (item === 2) throw new Error('two');
  };
  await expect(mapConcurrently([1, 2, 3, 4, 5, 6, 7, 8], 1, work)).rejects.toThrow('two');
  expect(started).toEqual([1, 2]);
});

test('no items give no results', async () => {
  expect(await mapConcurrently([], 2, async () => 1)).toEqual([]);
});
