import fc from 'fast-check';
import { scheduledChanges, rolloutPosition } from '../src/fleet/changes.js';
import { backoff } from '../src/run/backoff.js';
import { TimerWheel } from '../src/run/timer-wheel.js';

describe('routine changes', () => {
  test.each([
    ['0.1 % of 10,000 hosts in a minute', 10_000, 0.001, 60_000, 10],
    ['0.1 % of a million in a minute', 1_000_000, 0.001, 60_000, 1_000],
    ['nothing', 10_000, 0, 600_000, 0],
  ])('%s', (_what, hosts, share, milliseconds, expected) => {
    const happened = [...scheduledChanges(1, 0, hosts, share, 0, milliseconds)];
    expect(Math.abs(happened.length - expected)).toBeLessThanOrEqual(1);
    expect(happened.filter(({ host, draw }) => host < 0 || host >= hosts || draw >= 1)).toEqual([]);
  });

  test('the schedule does not depend on how the time is divided', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 599_999 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), cuts, (seed, cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), 600_000];
        const pieces = edges
          .slice(1)
          .flatMap((until, at) => [...scheduledChanges(seed, 3, 5_000, 0.004, edges[at]!, until)]);
        const whole = [...scheduledChanges(seed, 3, 5_000, 0.004, 0, 600_000)];
        expect(pieces.sort((a, b) => a.at - b.at)).toEqual(whole.sort((a, b) => a.at - b.at));
      }),
      { numRuns: 30 },
    );
  });
});

test('a rollout reaches its share of the hosts, a few of them first', () => {
  const positions = Array.from({ length: 50_000 }, (_, n) => rolloutPosition(1, n, 0.1)).filter(
    (position) => position !== null,
  );
  expect(positions.length / 50_000).toBeCloseTo(0.1, 2);
  expect(Math.min(...positions)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...positions)).toBeLessThanOrEqual(1);
  const before = (end: number) => positions.filter((position) => position < end).length / positions.length;
  expect(before(0.1)).toBeCloseTo(0.01, 1);
  expect(before(0.35)).toBeCloseTo(0.1, 1);
  expect(rolloutPosition(1, 7, 0)).toBeNull();
});

test('a timer wheel yields each number once, and not before its time', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 5_000 })),
      fc.integer({ min: 1, max: 700 }),
      (times, step) => {
        const timerWheel = new TimerWheel();
        for (const [n, at] of times.entries()) timerWheel.add(at, n);
        const taken: number[] = [];
        for (let now = 0; now <= 6_000; now += step)
          for (const n of timerWheel.take(now)) {
            expect(times[n]! - now).toBeLessThan(50);
            taken.push(n);
          }
        expect(taken.toSorted((a, b) => a - b)).toEqual(times.map((_, n) => n));
      },
    ),
  );
});

test('a number that is added while it is yielded is yielded again later', () => {
  const timerWheel = new TimerWheel();
  timerWheel.add(100, 1);
  const turns: number[] = [];
  for (let now = 100; now < 400; now += 20)
    for (const n of timerWheel.take(now)) {
      turns.push(now);
      timerWheel.add(now, n);
    }
  expect(turns).toEqual([100, 160, 200, 260, 300, 360]);
});

test.each([
  ['the first pause is at most one second', 0, null, 1, 1_000],
  ['the second is at most twice as long', 1, null, 1, 2_000],
  ['no pause is longer than 30 seconds', 60, null, 1, 30_000],
  ['Retry-After is the shortest pause', 0, 5, 0, 5_000],
])('%s', (_what, failures, retryAfter, random, expected) => {
  expect(backoff(failures, retryAfter, random)).toBe(expected);
});
