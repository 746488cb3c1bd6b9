import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepInterval, keepWatch, logOf, watchAfter, readWatch, type Watch } from '../src/state/watch.js';
import { EMPTY } from '../src/read/kmsg.js';
import { temporaryFolder } from './trees.js';

const folder = temporaryFolder();
const MINUTE = 60_000;
const BOOT = '0b6b8e1a-2f0e-4c0c-9a3e-1f2d3c4b5a69';
const readSample = (observedMs: number, bootId = BOOT) => ({ host: { bootId }, observedMs, log: null });
const before = (facts: Partial<Watch> = {}): Watch => ({
  bootId: BOOT,
  sinceMs: 1 * MINUTE,
  lastMs: 10 * MINUTE,
  intervalSeconds: null,
  log: null,
  ...facts,
});

test.each<[what: string, before: Watch | null, atMs: number, sinceMs: number]>([
  ['the first look of a boot', null, 3 * MINUTE, 3 * MINUTE],
  ['the next look', before(), 11 * MINUTE, 1 * MINUTE],
  ['five intervals later', before(), 15 * MINUTE, 1 * MINUTE],
  ['more than five intervals later', before(), 15 * MINUTE + 1, 15 * MINUTE + 1],
  [
    'more than five configured intervals later, and the registry asked for longer ones',
    before({ intervalSeconds: 300 }),
    30 * MINUTE,
    1 * MINUTE,
  ],
  ['a clock that went back', before(), 9 * MINUTE, 9 * MINUTE],
])('since when it is watched: %s', (_what, known, atMs, sinceMs) =>
  expect(watchAfter(known, readSample(atMs), 60)).toMatchObject({ sinceMs, lastMs: atMs }),
);

test('it is kept for one boot', () => {
  const at = mkdtempSync(join(folder, 'home-'));
  expect(readWatch(at, BOOT)).toBeNull();
  keepWatch(at, before({ log: { ...EMPTY, next: 7 } }));
  keepInterval(at, BOOT, 120);
  expect(readWatch(at, BOOT)).toEqual(before({ intervalSeconds: 120, log: { ...EMPTY, next: 7 } }));
  expect(readWatch(at, 'another boot')).toBeNull();
  keepInterval(at, 'another boot', 5);
  expect(readWatch(at, BOOT)?.intervalSeconds).toBe(120);
  expect([logOf(readWatch(at, BOOT)).next, logOf(null).next]).toEqual([7, 0]);
});

test('a log that could not be read this time is not forgotten', () => {
  const log = { ...EMPTY, next: 7 };
  expect(watchAfter(before({ log }), readSample(11 * MINUTE), 60).log).toEqual(log);
});

test.each<[what: string, content: string | Buffer | null]>([
  ['random bytes', Buffer.from([0xff, 0xfe])],
  ['another document', '{"bootId":1}'],
  ['half a log', JSON.stringify({ ...before(), log: {} })],
  ['a folder', null],
])('%s in its place is forgotten', (_what, content) => {
  const at = mkdtempSync(join(folder, 'home-'));
  if (content === null) mkdirSync(join(at, 'watch.json'));
  else writeFileSync(join(at, 'watch.json'), content);
  expect(readWatch(at, BOOT)).toBeNull();
});
