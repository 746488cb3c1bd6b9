import { changesBetween, countNew } from '../src/query/records/certificate-changes.js';

const listed = (codes: string, reasonCount = codes.length) => ({
  reasons: codes.split('').map((code) => ({
    reason: { code, kind: code < 'a' ? 'UNKNOWN' : 'ADVISORY' },
    hosts: 1,
  })),
  reasonCount,
});

test.each([
  ['the same reasons', listed('AB'), listed('BA'), 0, 0],
  ['a reason that came', listed('A'), listed('AB'), 1, 1],
  ['a reason that went', listed('AB'), listed('A'), 0, 1],
  ['an advisory that came', listed('A'), listed('Aa'), 0, 1],
  ['a reason that a cut record does not list', listed('A', 2), listed('AB'), 1, 0],
  ['a reason that a cut record lists', listed('AB', 3), listed('AB'), 0, 0],
])('%s', (_what, then, now, found, changes) => {
  expect(countNew(then, now)).toBe(found);
  expect(changesBetween(then, now).length).toBe(changes);
});
