import { memoized } from '../src/memoized.js';

test('callers at the same time and later ones share one call', async () => {
  let calls = 0;
  const value = memoized(async () => ++calls);
  expect(await Promise.all([value(), value()])).toEqual([1, 1]);
  expect(await value()).toBe(1);
});

test('after a failure the next caller calls again', async () => {
  let calls = 0;
  const value = memoized(async () => {
    calls += 1;
    if (calls === 1) throw new Error('no connection');
    return calls;
  });
  await expect(value()).rejects.toThrow('no connection');
  expect(await value()).toBe(2);
});
