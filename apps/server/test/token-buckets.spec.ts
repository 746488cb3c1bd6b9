import { TokenBuckets } from '../src/access/token-buckets.js';

const NOW = Date.UTC(2026, 10, 1);
const MINUTE_MS = 60_000;

/** Takes single tokens until one is refused. Returns how many there were. */
function drain(buckets: TokenBuckets, sender: string, now: number): number {
  let taken = 0;
  while (buckets.take(sender, now) === 0) taken++;
  return taken;
}

test.each([1, 3, 7, 600, 9_999])('a full bucket of %d has that many tokens', (size) => {
  expect(drain(new TokenBuckets(size), 'a', NOW)).toBe(size);
});

test.each<[what: string, laterMs: number, taken: number]>([
  ['is refilled steadily', MINUTE_MS / 4, 15],
  ['is never more than full', 10 * MINUTE_MS, 60],
  ['gains nothing from a clock that was set back', -10 * MINUTE_MS, 0],
  ['gains nothing without time', 0, 0],
])('an empty bucket %s', (_what, laterMs, taken) => {
  const buckets = new TokenBuckets(60);
  drain(buckets, 'a', NOW);
  expect(drain(buckets, 'a', NOW + laterMs)).toBe(taken);
});

test('a clock that was set back by a day keeps a sender from its tokens for one period at most', () => {
  const buckets = new TokenBuckets(60);
  drain(buckets, 'a', NOW);
  const before = NOW - 86_400_000;
  buckets.take('a', before);
  expect(buckets.take('a', before + MINUTE_MS)).toBe(0);
});

test.each<[tokens: number, seconds: number]>([
  [1, 1],
  [30, 30],
  [60, 60],
  [1_000, 60],
])('%d tokens of an empty bucket of 60 a minute are there after %d s', (tokens, seconds) => {
  const buckets = new TokenBuckets(60);
  drain(buckets, 'a', NOW);
  expect(buckets.take('a', NOW, tokens)).toBe(seconds);
  expect(buckets.take('a', NOW + seconds * 1000, tokens)).toBe(0);
});

test('senders do not share a bucket', () => {
  const buckets = new TokenBuckets(600);
  for (let i = 0; i < 100; i++) expect(drain(buckets, `host-${i}`, NOW)).toBe(600);
});

test('a sender that uses up its bucket is not forgotten, however many others send', () => {
  const buckets = new TokenBuckets(600);
  drain(buckets, 'greedy', NOW);
  for (let i = 0; i < 100_000; i++) buckets.take(`host-${i}`, NOW);
  expect(buckets.take('greedy', NOW)).toBe(1);
});
