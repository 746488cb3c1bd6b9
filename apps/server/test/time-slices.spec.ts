import { setImmediate as nextTurn } from 'node:timers/promises';
import { mapInSlices } from '../src/ingest/time-slices.js';

/** Keeps the processor busy. */
const busy = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end;);
};

test('items are mapped once each, in their order', async () => {
  const calls: number[] = [];
  const items = Array.from({ length: 50 }, (_, i) => i);
  expect(await mapInSlices(items, 2, (i) => calls.push(i))).toEqual(items.map((i) => i + 1));
  expect(calls).toEqual(items);
});

test('the event loop has a turn between slices', async () => {
  let done = 0;
  const all = mapInSlices([1, 2, 3, 4, 5, 6, 7, 8], 2, () => {
    busy(3);
    done += 1;
  });
  await nextTurn();
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(8);
  await all;
  expect(done).toBe(8);
});

test('an error ends the work', async () => {
  await expect(mapInSlices(['1', '{', '2'], 2, (text) => JSON.parse(text) as number)).rejects.toThrow(
    SyntaxError,
  );
});
