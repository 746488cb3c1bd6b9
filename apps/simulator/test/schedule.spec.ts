import fc from 'fast-check';
import { occasions, placeInRollout } from '../src/fleet/changes.js';
import { backoff } from '../src/run/backoff.js';
import { Wheel } from '../src/run/wheel.js';

describe('a quiet day', () => {
  test.each([
    ['0.1 % of 10,000 hosts in a minute', 10_000, 0.001, 60_000, 10],
    ['0.1 % of a million in a minute', 1_000_000, 0.001, 60_000, 1_000],
    ['nothing', 10_000, 0, 600_000, 0],
  ])('%s', (_what, hosts, share, milliseconds, expected) => {
    const happened = [...occasions(1, 0, hosts, share, 0, milliseconds)];
    expect(Math.abs(happened.length - expected)).toBeLessThanOrEqual(1);
    expect(happened.filter(({ host, chance }) => host < 0 || host >= hosts || chance >= 1)).toEqual([]);
  });

  test('however the time is cut, the same happens', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 599_999 }), { maxLength: 20 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), cuts, (seed, cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), 600_000];
        const pieces = edges.slice(1).flatMap((until, at) => [...occasions(seed, 3, 5_000, 0.004, edges[at]!, until)]);
        const whole = [...occasions(seed, 3, 5_000, 0.004, 0, 600_000)];
        expect(pieces.sort((a, b) => a.at - b.at)).toEqual(whole.sort((a, b) => a.at - b.at));
      }),
      { numRuns: 30 },
    );
  });
});

test('a rollout comes to its share of the hosts, a few first', () => {
  const places = Array.from({ length: 50_000 }, (_, n) => placeInRollout(1, n, 0.1)).filter((place) => place !== null);
  expect(places.length / 50_000).toBeCloseTo(0.1, 2);
  expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...places)).toBeLessThanOrEqual(1);
  const before = (end: number) => places.filter((place) => place < end).length / places.length;
  expect(before(0.1)).toBeCloseTo(0.01, 1);
  expect(before(0.35)).toBeCloseTo(0.1, 1);
  expect(placeInRollout(1, 7, 0)).toBeNull();
});

test('the wheel gives everybody once, not before their time, in its order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5_000 })), fc.integer({ min: 1, max: 700 }), (times, step) => {
      const wheel = new Wheel();
      for (const [n, at] of times.entries()) wheel.add(at, n);
      const taken: number[] = [];
      for (let now = 0; now <= 6_000; now += step)
        for (const n of wheel.take(now)) {
          expect(times[n]! - now).toBeLessThan(50);
          taken.push(n);
        }
      expect(taken.toSorted((a, b) => a - b)).toEqual(times.map((_, n) => n));
    }),
  );
});

test('whoever comes back while it is their turn gets another turn', () => {
  const wheel = new Wheel();
  wheel.add(100, 1);
  const turns: number[] = [];
  for (let now = 100; now < 400; now += 20)
    for (const n of wheel.take(now)) {
      turns.push(now);
      wheel.add(now, n);
    }
  expect(turns).toEqual([100, 160, 200, 260, 300, 360]);
});

test.each([
  ['the first try is within a second', 0, null, 1, 1_000],
  ['then twice as long', 1, null, 1, 2_000],
  ['and never more than half a minute', 60, null, 1, 30_000],
  ['what the registry asks for is the least', 0, 5, 0, 5_000],
])('%s', (_what, turn, asked, random, expected) => {
  expect(backoff(turn, asked, random)).toBe(expected);
});
