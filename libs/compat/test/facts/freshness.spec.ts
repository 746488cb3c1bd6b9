import { freshness } from '../../src/index.js';

// An interval of 120 s: fresh to 2.5 of them, late to 5, stale to 24 h, then lost.
test.each<[sentence: string, age: number | null, level: string]>([
  ['just now', 0, 'FRESH'],
  ['2.5 intervals', 300, 'FRESH'],
  ['a second more', 301, 'LATE'],
  ['5 intervals', 600, 'LATE'],
  ['a second more than that', 601, 'STALE'],
  ['24 hours', 86_400, 'STALE'],
  ['a second more than a day', 86_401, 'LOST'],
  ['no report', null, 'NEVER'],
  ['an age that is no number', Number.NaN, 'LOST'],
])('%s', (_, age, level) => {
  expect(freshness(age, 120).level).toBe(level);
});

test('a later heartbeat that says something else is kept next to the age', () => {
  expect(freshness(10, 120, true)).toEqual({ level: 'FRESH', ageSeconds: 10, superseded: true });
});

test('by default, nothing else came since', () => {
  expect([freshness(10, 120), freshness(null, 120)]).toMatchObject([
    { superseded: false },
    { superseded: false, ageSeconds: null },
  ]);
});
