import { setImmediate as others } from 'node:timers/promises';
import { Turns } from '../src/ingest/turns.js';

/** Keeps the processor busy. */
const busy = (ms: number): void => {
  for (const until = performance.now() + ms; performance.now() < until;);
};

test('what was asked for first is done first, and everything is done once', async () => {
  const turns = new Turns();
  const done: number[] = [];
  const results = await Promise.all(Array.from({ length: 50 }, (_, i) => turns.do(() => done.push(i))));
  expect(done).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(results).toEqual(done.map((i) => i + 1));
});

test('others have their turn before all of it is done', async () => {
  const turns = new Turns();
  let done = 0;
  const all = Promise.all(
    Array.from({ length: 8 }, () =>
      turns.do(() => {
        busy(3);
        done += 1;
      }),
    ),
  );
  await others();
  await others();
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(8);
  await all;
  expect(done).toBe(8);
});

test('it is known how many wait', async () => {
  const turns = new Turns();
  const all = Array.from({ length: 5 }, () => turns.do(() => turns.waits));
  expect(turns.waits).toBe(5);
  expect(await Promise.all(all)).toEqual([4, 3, 2, 1, 0]);
  expect(turns.waits).toBe(0);
});

test('what is done is let go, though something waits all the time', async () => {
  const turns = new Turns();
  let most = 0;
  const one = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await turns.do(() => busy(0.5));
    most = Math.max(most, (Reflect.get(turns, 'waiting') as unknown[]).length);
  };
  const all = Promise.all([one(60), one(60), one(60), one(60), one(60), one(60), one(60), one(60)]);
  for (let i = 0; i < 40; i++) {
    await others();
    most = Math.max(most, (Reflect.get(turns, 'waiting') as unknown[]).length);
  }
  await all;
  expect(most).toBeLessThanOrEqual(16);
});

test('work that fails fails alone, whether at once or later', async () => {
  const turns = new Turns();
  const fails = [turns.do(() => JSON.parse('{')), turns.do(() => Promise.reject(new Error('later')))];
  const fine = turns.do(() => Promise.resolve('fine'));
  expect((await Promise.allSettled(fails)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await fine).toBe('fine');
});

test('what is asked for while work is done has a turn, too', async () => {
  const turns = new Turns();
  expect(await turns.do(() => turns.do(() => 'inner'))).toBe('inner');
  expect(await turns.do(() => 'after')).toBe('after');
});
