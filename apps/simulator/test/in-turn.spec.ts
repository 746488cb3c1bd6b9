import { setTimeout as sleep } from 'node:timers/promises';
import { inTurn } from '../src/programs/in-turn.js';

test('results are in the order of the items, and never more are at work than allowed', async () => {
  let atWork = 0;
  let most = 0;
  const results = await inTurn([30, 1, 20, 5, 0], 2, async (milliseconds) => {
    most = Math.max(most, ++atWork);
    await sleep(milliseconds);
    atWork--;
    return milliseconds;
  });
  expect(results).toEqual([30, 1, 20, 5, 0]);
  expect(most).toBe(2);
});

test('the first failure ends it: nothing more is begun', async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    await sleep(1);
    if (item === 2) throw new Error('two');
  };
  await expect(inTurn([1, 2, 3, 4, 5, 6, 7, 8], 1, work)).rejects.toThrow('two');
  expect(begun).toEqual([1, 2]);
});

test('nothing to do is done', async () => {
  expect(await inTurn([], 2, async () => 1)).toEqual([]);
});
