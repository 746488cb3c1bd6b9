import type { Report } from '@klpreg/wire';
import { type Before, situate } from '../src/ingest/situate.js';
import { idle, later, leftover, listed, type Listed, running } from './registry.js';

const T0 = new Date('2026-11-23T10:00:00Z');
const after = (seconds: number) => new Date(T0.getTime() + seconds * 1000);

/** Plays reports of one host, a minute apart, and shows the last situation. */
function play(...reports: Report[]) {
  let before: Before | null = null;
  reports.forEach((report, i) => {
    const { situation, referencedSince } = situate(report, before, after(i * 60));
    before = { bootId: report.host.bootId, situation, referencedSince };
  });
  return before!['situation'];
}

const next = (report: Report, list: Listed[], leftovers: Report['leftovers'] = []) => later(report, { livepatches: list, leftovers });
const host = running('web-1', ['lab_r_1v1_a']);
const left = (...reports: Report[]) => play(...reports).departed.map(({ name, departure }) => `${name} ${departure}`);

test.each<[string, string[], Report[]]>([
  ['nothing left while nothing changed', [], [host, later(host)]],
  ['a patch was replaced by a cumulative newcomer', ['lab_r_1v1_a REPLACED'], [host, next(host, [listed('lab_r_1v2_a')], [leftover('lab_r_1v1_a')])]],
  ['replaced, and its module removed: still remembered', ['lab_r_1v1_a REPLACED'], [host, next(host, [listed('lab_r_1v2_a')])]],
  ['the list shrank and nothing came: it was disabled', ['lab_r_1v1_a DISABLED'], [host, next(host, [], [leftover('lab_r_1v1_a')])]],
  [
    'the list shrank, and a module that no one had seen lies beside it: no one knows',
    ['lab_r_1v1_a UNKNOWN'],
    [host, next(host, [], [leftover('lab_r_1v2_a')])],
  ],
  ['gone from the list and still referenced: it was forced', ['lab_r_1v1_a FORCED'], [host, next(host, [], [leftover('lab_r_1v1_a', 1)])]],
  ['a plain newcomer replaces nothing: no one knows', ['lab_r_1v1_a UNKNOWN'], [host, next(host, [listed('lab_n_1v1_a')])]],
  ['a newcomer whose replace flag is not told may have replaced it', ['lab_r_1v1_a REPLACED'], [host, next(host, [listed('lab_n_1v1_a', { replace: null })])]],
  [
    'a replacing transition that completed',
    ['lab_r_1v1_a REPLACED'],
    [next(host, [listed('lab_r_1v1_a'), listed('lab_r_1v2_a', { transition: true })]), next(host, [listed('lab_r_1v2_a')])],
  ],
  [
    'an enabling transition that was turned round: post_unpatch ran alone, so it does not count as disabled',
    ['lab_r_1v2_a UNKNOWN'],
    [next(host, [listed('lab_r_1v1_a'), listed('lab_r_1v2_a', { transition: true })]), next(host, [listed('lab_r_1v1_a')])],
  ],
  [
    'a disabling transition that ended',
    ['lab_r_1v2_a DISABLED'],
    [next(host, [listed('lab_r_1v1_a'), listed('lab_r_1v2_a', { enabled: false, transition: true })]), next(host, [listed('lab_r_1v1_a')])],
  ],
  [
    'a replacing transition that was turned round',
    ['lab_r_1v2_a UNKNOWN'],
    [next(host, [listed('lab_r_1v1_a'), listed('lab_r_1v2_a', { transition: true })]), next(host, [listed('lab_r_1v1_a')], [leftover('lab_n_1v1_a')])],
  ],
  ['what came back has not left', [], [host, next(host, []), next(host, [listed('lab_r_1v1_a')])]],
  ['a new boot forgets', [], [host, later(next(host, []), { host: { ...host.host, bootId: 'b0b0b0b0-0000-4000-8000-00000000000b' } })]],
  [
    'another kernel under the same boot id (kexec, or a lie) forgets, too',
    [],
    [host, later(next(host, []), { host: { ...host.host, kernelVersion: '#2 SMP' } })],
  ],
  [
    'a directory that is about to vanish is not on the list',
    ['lab_r_1v1_a DISABLED'],
    [host, next(host, [listed('lab_r_1v1_a', { enabled: false, transition: false })])],
  ],
])('%s', (_, expected, reports) => expect(left(...reports)).toEqual(expected));

const id = (name: string) => listed(name).buildId;

test.each<[string, unknown, Report[]]>([
  ['of the first report is not known', null, [host]],
  ['is the last different list', [id('lab_r_1v1_a')], [host, next(host, [listed('lab_r_1v2_a')])]],
  [
    'stays while other things change',
    [id('lab_r_1v1_a')],
    [host, next(host, [listed('lab_r_1v2_a')]), next(host, [listed('lab_r_1v2_a')], [leftover('lab_n_1v1_a')])],
  ],
  [
    'is not a list in transition',
    [id('lab_r_1v1_a')],
    [host, next(host, [listed('lab_r_1v1_a'), listed('lab_r_1v2_a', { transition: true })]), next(host, [listed('lab_r_1v2_a')])],
  ],
  ['goes back and forth', [id('lab_r_1v2_a')], [host, next(host, [listed('lab_r_1v2_a')]), next(host, [listed('lab_r_1v1_a')])]],
  ['may be the original code', [], [idle('web-1'), next(host, [listed('lab_r_1v1_a')])]],
])('the previous list %s', (_, expected, reports) => expect(play(...reports).previous).toEqual(expected));

test('a boot whose start was seen untainted has no unseen history', () => {
  const clean = idle('web-1', { taint: 0 });
  expect(play(clean, later(clean, { taint: 45056 })).bootHistory).toBe('KNOWN');
  expect(play(later(clean, { taint: 45056 })).bootHistory).toBe('STARTED_LATE');
});

test.each([
  [59, false],
  [60, true],
])('a leftover referenced in two reports %d s apart is pinned: %s', (seconds, pinned) => {
  const report = idle('web-1', { leftovers: [leftover('lab_r_1v1_a', 1)] });
  const first = situate(report, null, T0);
  const second = situate(later(report), { bootId: report.host.bootId, ...first }, after(seconds));
  expect([first.situation.leftovers[0]!.pinned, second.situation.leftovers[0]!.pinned]).toEqual([false, pinned]);
});

test('a leftover that was free in between starts again', () => {
  const held = idle('web-1', { leftovers: [leftover('lab_r_1v1_a', 1)] });
  const free = later(held, { leftovers: [leftover('lab_r_1v1_a', 0)] });
  expect(play(held, free, held).leftovers[0]).toMatchObject({ referenced: true, pinned: false });
});

test('the work grows with the sum of the lists, not with their product', () => {
  let reads = 0;
  const counted = <T extends { buildId: string | null }>(patch: T): T =>
    Object.defineProperty({ ...patch }, 'buildId', { enumerable: true, get: () => ((reads += 1), patch.buildId) });
  const names = (kind: string, n: number) => Array.from({ length: n }, (_, i) => `${kind}_${i}`);
  const [gone, now] = [names('gone', 500), names('now', 500)];
  const situation = play(
    next(
      host,
      gone.map((name) => listed(name)),
    ),
  );
  const departed = names('old', 1000).map((name) => counted({ name, buildId: null, reading: null, departure: 'UNKNOWN' as const }));
  const before = { bootId: host.host.bootId, referencedSince: {}, situation: { ...situation, list: situation.list.map(counted), departed } };
  const report = next(
    host,
    [],
    now.map((name) => leftover(name)),
  );
  expect(situate(report, before, T0).situation.departed).toHaveLength(1500);
  expect(reads).toBeLessThan(20 * (500 + 1000));
});
