import type { Report } from '@klpreg/wire';
import { UNLISTED_KEPT } from '../src/ingest/boot-history.js';
import { deriveSituation, type PreviousState } from '../src/ingest/situation.js';
import { idle, later, leftover, listed, type Listed, running } from './registry.js';

const T0 = new Date('2026-11-23T10:00:00Z');
const INTERVAL = 60;
const watched = (seconds: number): Partial<Report> => ({
  clock: { ...CLOCK, observedMs: 10_000_000, sentMs: 10_000_000 },
  watchedSinceMs: 10_000_000 - seconds * 1000,
});
const CLOCK = idle('web-1').clock;
const after = (seconds: number) => new Date(T0.getTime() + seconds * 1000);

/**
 * Plays reports of one host, a minute apart unless a report is given with its seconds, and shows the last
 * situation.
 */
function play(...reports: (Report | [report: Report, seconds: number])[]) {
  let before: PreviousState | null = null;
  let seconds = 0;
  for (const one of reports) {
    const [report, later] = Array.isArray(one) ? one : [one, 60];
    seconds += later;
    const { situation, carried } = deriveSituation(report, before, after(seconds), INTERVAL);
    before = { bootId: report.host.bootId, situation, carried, confirmedAt: after(seconds) };
  }
  return before!['situation'];
}

const next = (
  report: Report,
  list: Listed[],
  leftovers: Report['leftovers'] = [],
  changes: Partial<Report> = {},
) => later(report, { livepatches: list, leftovers, ...changes });
const host = running('web-1', ['lab_r_1v1_a']);
const left = (...reports: Parameters<typeof play>) =>
  play(...reports).unlisted.map(({ name, unlistedBy }) => `${name} ${unlistedBy}`);
const [A, B, N] = ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_n_1v1_a'] as const;
const off = next(host, [], [leftover(A)]);
const disabling = listed(A, { enabled: false, transition: true });
const enabling = listed(B, { transition: true });
type Event = NonNullable<Report['kernelLog']>['events'][number]['event'];
const log = (patch: string, events: Event[], reachesBoot = true) => ({
  kernelLog: { reachesBoot, events: events.map((event) => ({ patch, event })) },
});
const DISABLED: Event[] = ['ENABLING', 'PATCHED', 'UNPATCHING', 'UNPATCHED'];

test.each<[string, string[], Parameters<typeof play>]>([
  ['nothing left while nothing changed', [], [host, later(host)]],

  // forced
  [
    'gone from the list and still referenced: it was forced',
    [`${A} FORCED`],
    [host, next(host, [], [leftover(A, 1)])],
  ],
  [
    'its reference count is not reported: it may be pinned',
    [`${A} FORCED`],
    [host, next(host, [], [{ ...leftover(A), refcount: null }])],
  ],
  ['forced comes before replaced', [`${A} FORCED`], [host, next(host, [listed(B)], [leftover(A, 1)])]],
  [
    'the kernel log says that tasks were forced',
    [`${A} FORCED`],
    [host, next(host, [], [leftover(A)], log(A, [...DISABLED, 'FORCED']))],
  ],
  [
    'it looked disabled, and its reference stays: it was forced',
    [`${A} FORCED`],
    [host, off, next(host, [], [leftover(A, 1)])],
  ],
  [
    'its reference was being given back: how else it left is not known',
    [`${A} UNKNOWN`],
    [host, next(host, [], [leftover(A, 1)]), off],
  ],

  // replaced
  [
    'a patch was replaced by a cumulative newcomer',
    [`${A} REPLACED`],
    [host, next(host, [listed(B)], [leftover(A)])],
  ],
  ['replaced, and its module removed: still remembered', [`${A} REPLACED`], [host, next(host, [listed(B)])]],
  [
    'a newcomer whose replace flag is not told may have replaced it',
    [`${A} REPLACED`],
    [host, next(host, [listed(N, { replace: null })])],
  ],
  [
    'a replacing transition that completed',
    [`${A} REPLACED`],
    [host, next(host, [listed(A), enabling]), next(host, [listed(B)])],
  ],
  [
    'replaced comes before unknown',
    [`${A} REPLACED`],
    [host, [next(host, [listed(B)], [leftover(A)]), 3600]],
  ],

  // unknown
  ['a plain newcomer replaces nothing', [`${A} UNKNOWN`], [host, next(host, [listed(N)], [leftover(A)])]],
  [
    'a module that was never seen is also loaded',
    [`${A} UNKNOWN`, `${B} UNKNOWN`],
    [host, next(host, [], [leftover(A), leftover(B)])],
  ],
  [
    'its module is gone: it may have been loaded and replaced in between',
    [`${A} UNKNOWN`],
    [host, next(host, [])],
  ],
  ['more than five intervals without a look', [`${A} UNKNOWN`], [host, [off, 5 * INTERVAL + 1]]],
  ['five intervals without a look', [`${A} DISABLED`], [host, [off, 5 * INTERVAL]]],
  [
    'an enabling transition that was reversed',
    [`${B} UNKNOWN`],
    [host, next(host, [listed(A), enabling]), next(host, [listed(A)], [leftover(B)])],
  ],
  [
    'an enabling transition that was seen reversing',
    [`${B} UNKNOWN`],
    [
      host,
      next(host, [listed(A), enabling]),
      next(host, [listed(A), { ...enabling, enabled: false }]),
      next(host, [listed(A)], [leftover(B)]),
    ],
  ],
  [
    'a cumulative patch that was coming in is gone: it may have replaced what is gone with it',
    [`${A} UNKNOWN`, `${B} UNKNOWN`],
    [host, next(host, [listed(A), enabling]), next(host, [], [leftover(A), leftover(B)])],
  ],
  [
    'being disabled at the first look: it may be a reversed enabling',
    [`${A} UNKNOWN`],
    [next(host, [disabling]), off],
  ],
  ['after a report that is incomplete', [`${A} UNKNOWN`], [later(host, { unread: ['the modules'] }), off]],
  ['by a report that is incomplete', [`${A} UNKNOWN`], [host, later(off, { unread: ['the list'] })]],
  [
    'by a report that cannot be true: taint K and no livepatch support',
    [`${A} UNKNOWN`],
    [host, later(off, { capabilities: { ...host.capabilities, livepatch: false } })],
  ],
  [
    'an incomplete report is no look: what left stays unknown after it',
    [`${A} UNKNOWN`],
    [host, later(off, { unread: ['the list'] }), off],
  ],
  [
    'the kernel log says that a transition was reversed',
    [`${A} UNKNOWN`],
    [host, next(host, [], [leftover(A)], log(A, ['UNPATCHING', 'REVERSED', 'PATCHED'], false))],
  ],
  [
    'the kernel log reaches back to the boot, and does not have it disabled',
    [`${A} UNKNOWN`],
    [host, next(host, [], [leftover(A)], log(A, ['ENABLING', 'PATCHED']))],
  ],
  [
    'the kernel log names a patch that was never seen',
    [`${A} UNKNOWN`, `${B} UNKNOWN`],
    [host, next(host, [], [leftover(A)], log(B, ['PATCHED'], false))],
  ],

  // disabled
  ['the list shrank, nothing came, and its module is loaded', [`${A} DISABLED`], [host, off]],
  ['it was settled, and then being disabled', [`${A} DISABLED`], [host, next(host, [disabling]), off]],
  [
    'it was being disabled in two looks',
    [`${A} DISABLED`],
    [host, next(host, [disabling]), next(host, [disabling]), off],
  ],
  [
    'the kernel log has it disabled, though its module is gone',
    [`${A} DISABLED`],
    [host, next(host, [], [], log(A, DISABLED))],
  ],
  [
    'the kernel log has it disabled, although no report came for a long time',
    [`${A} DISABLED`],
    [host, [next(host, [], [], log(A, DISABLED, false)), 7200]],
  ],
  [
    'the kernel log has it come and go twice: which is meant is not clear',
    [`${A} UNKNOWN`, `${A} UNKNOWN`],
    [host, next(host, [], [], log(A, [...DISABLED, ...DISABLED]))],
  ],
  [
    'the kernel log has no build-ids: of two builds with one name it proves nothing',
    [`${A} UNKNOWN`, `${A} UNKNOWN`],
    [
      next(host, [listed(A)], [{ ...leftover(A), buildId: 'e'.repeat(40) }]),
      next(host, [], [], log(A, DISABLED)),
    ],
  ],
  ['it stays disabled when its module is removed', [`${A} DISABLED`], [host, off, next(host, [])]],
  [
    'a directory that is about to vanish is not on the list, and its reference is about to be given back',
    [`${A} DISABLED`],
    [host, next(host, [listed(A, { enabled: false, transition: false })])],
  ],
  [
    'the agent looked all the time, though the network was away',
    [`${A} DISABLED`],
    [host, [later(off, watched(7200)), 7200]],
  ],
  [
    'the last confirmation is from later than this report: a clock was wrong',
    [`${A} UNKNOWN`],
    [host, [off, -61]],
  ],
  ['the agent began to look within that time', [`${A} UNKNOWN`], [host, [later(off, watched(7100)), 7200]]],

  // never seen listed
  ['a leftover that was never seen listed', [`${A} UNKNOWN`], [off]],
  [
    'a leftover that was never seen listed, after its module was removed',
    [`${A} UNKNOWN`],
    [off, next(host, [])],
  ],
  [
    'a leftover that was never seen listed, after another patch was loaded',
    [`${A} UNKNOWN`],
    [off, next(host, [listed(B)])],
  ],
  [
    'a leftover that was never seen listed, and is referenced',
    [`${A} FORCED`],
    [next(host, [], [leftover(A, 1)])],
  ],
  [
    'a module that is still loading has not left',
    [],
    [next(host, [], [{ ...leftover(A), moduleState: 'Loading' }])],
  ],
  [
    'a load that was refused leaves nothing',
    [],
    [next(host, [], [{ ...leftover(A), moduleState: 'Loading' }]), next(host, [])],
  ],
  [
    'a directory with neither flag at the first look',
    [`${A} UNKNOWN`],
    [next(host, [listed(A, { enabled: false, transition: false })])],
  ],
  ['only the kernel log names it', [`${A} UNKNOWN`], [next(host, [], [], log(A, DISABLED))]],
  ['the kernel log names one whose load was refused', [], [next(host, [], [], log(A, ['ENABLING']))]],
  [
    'the kernel log has another of its name before the first look',
    [`${A} UNKNOWN`],
    [next(host, [listed(A)], [], log(A, [...DISABLED, 'ENABLING', 'PATCHED']))],
  ],

  // back, and another boot
  ['what came back has not left', [], [host, off, next(host, [listed(A)])]],
  [
    'a new boot forgets',
    [],
    [
      host,
      off,
      later(idle('web-1'), { host: { ...host.host, bootId: 'b0b0b0b0-0000-4000-8000-00000000000b' } }),
    ],
  ],
  [
    'another kernel under the same boot id (kexec, or a lie) forgets',
    [],
    [host, off, later(idle('web-1'), { host: { ...host.host, kernelVersion: '#2 SMP' } })],
  ],
])('%s', (_, expected, reports) => expect(left(...reports)).toEqual(expected));

const id = (name: string) => listed(name).buildId;

test.each<[string, unknown, Report[]]>([
  ['of the first report is not known', null, [host]],
  ['is the last different list', [id('lab_r_1v1_a')], [host, next(host, [listed('lab_r_1v2_a')])]],
  [
    'stays while other things change',
    [id('lab_r_1v1_a')],
    [
      host,
      next(host, [listed('lab_r_1v2_a')]),
      next(host, [listed('lab_r_1v2_a')], [leftover('lab_n_1v1_a')]),
    ],
  ],
  [
    'is not a list in transition',
    [id('lab_r_1v1_a')],
    [
      host,
      next(host, [listed('lab_r_1v1_a'), listed('lab_r_1v2_a', { transition: true })]),
      next(host, [listed('lab_r_1v2_a')]),
    ],
  ],
  [
    'goes back and forth',
    [id('lab_r_1v2_a')],
    [host, next(host, [listed('lab_r_1v2_a')]), next(host, [listed('lab_r_1v1_a')])],
  ],
  ['may be the original code', [], [idle('web-1'), next(host, [listed('lab_r_1v1_a')])]],
])('the previous list %s', (_, expected, reports) => expect(play(...reports).previous).toEqual(expected));

const clean = idle('web-1', { taint: 0 });
const tainted = later(clean, { taint: 45056 });
const patched = next(tainted, [listed(A)]);
test.each<[string, string, Parameters<typeof play>]>([
  ['is known without taint K', 'KNOWN', [clean]],
  ['is known since a look without taint K', 'KNOWN', [clean, patched, patched]],
  ['has a gap if taint K appears and no livepatch was ever seen', 'GAP', [clean, tainted]],
  ['is known if taint K appears with the first livepatch', 'KNOWN', [clean, patched]],
  ['started late with taint K', 'STARTED_LATE', [tainted, tainted]],
  ['started late if the taint is not reported', 'STARTED_LATE', [later(clean, { taint: null })]],
  [
    'started late if a report without taint K lists a patch',
    'STARTED_LATE',
    [later(clean, { livepatches: [listed(A)] })],
  ],
  ['is known as long as taint K is not set, whatever the gap', 'KNOWN', [clean, [clean, 7200]]],
  ['has a gap after five intervals without a look', 'GAP', [clean, [patched, 5 * INTERVAL + 1]]],
  ['has a gap until the boot ends', 'GAP', [clean, [patched, 7200], patched]],
  ['has no gap after five intervals', 'KNOWN', [clean, [patched, 5 * INTERVAL]]],
  [
    'has no gap if the agent has looked all the time',
    'KNOWN',
    [clean, [later(patched, watched(7200)), 7200]],
  ],
  [
    'has a gap if only incomplete reports came',
    'GAP',
    [
      clean,
      later(tainted, { unread: ['the list'] }),
      [later(tainted, { unread: ['the list'] }), 290],
      tainted,
    ],
  ],
  [
    'is known by a kernel log that names all',
    'KNOWN',
    [next(host, [listed(A)], [], log(A, ['ENABLING', 'PATCHED']))],
  ],
  [
    'is known by a kernel log after a gap',
    'KNOWN',
    [clean, [next(host, [listed(A)], [], log(A, ['ENABLING', 'PATCHED'])), 7200]],
  ],
  [
    'is known by a kernel log that names none, if nothing is loaded',
    'KNOWN',
    [later(tainted, { kernelLog: { reachesBoot: true, events: [] } })],
  ],
  [
    'is not known by a kernel log that has lost its first lines',
    'STARTED_LATE',
    [next(host, [listed(A)], [], log(A, ['PATCHED'], false))],
  ],
  [
    'is not known by a kernel log that lacks a listed patch',
    'STARTED_LATE',
    [next(host, [listed(A), listed(N)], [], log(A, ['ENABLING', 'PATCHED']))],
  ],
  [
    'is not known by a kernel log that lacks a leftover',
    'STARTED_LATE',
    [next(host, [listed(A)], [leftover(N)], log(A, ['ENABLING', 'PATCHED']))],
  ],
])('the boot history %s', (_, expected, reports) => expect(play(...reports).bootHistory).toBe(expected));

test('other live patching is remembered until the boot ends', () => {
  const other = later(clean, { otherLivePatching: ['module kcare'] });
  expect(play(other, clean).otherLivePatching).toEqual(['module kcare']);
  expect(
    play(other, later(clean, { host: { ...clean.host, bootId: 'b0b0b0b0-0000-4000-8000-00000000000b' } }))
      .otherLivePatching,
  ).toEqual([]);
});

test('of more unlisted patches than are kept the newest stay, and that is said until the boot ends', () => {
  const many = next(
    host,
    [],
    Array.from({ length: UNLISTED_KEPT + 1 }, (_, i) => leftover(`patch_${i}`)),
  );
  expect(play(many)).toMatchObject({ historyTooLong: true, unlisted: { length: UNLISTED_KEPT } });
  expect(play(many, next(host, [])).historyTooLong).toBe(true);
});

test.each([
  [59, false],
  [60, true],
])('a leftover referenced in two reports %d s apart is pinned: %s', (seconds, pinned) => {
  const report = idle('web-1', { leftovers: [leftover('lab_r_1v1_a', 1)] });
  const first = deriveSituation(report, null, T0, INTERVAL);
  const second = deriveSituation(
    later(report),
    { bootId: report.host.bootId, ...first, confirmedAt: T0 },
    after(seconds),
    INTERVAL,
  );
  expect([first.situation.leftovers[0]!.pinned, second.situation.leftovers[0]!.pinned]).toEqual([
    false,
    pinned,
  ]);
});

test('a leftover that was free in between starts again', () => {
  const held = idle('web-1', { leftovers: [leftover('lab_r_1v1_a', 1)] });
  const free = later(held, { leftovers: [leftover('lab_r_1v1_a', 0)] });
  expect(play(held, free, held).leftovers[0]).toMatchObject({ referenced: true, pinned: false });
});

test('the work grows with the sum of the lists, not with their product', () => {
  let reads = 0;
  const counted = <T extends { buildId: string | null }>(patch: T): T =>
    Object.defineProperty({ ...patch }, 'buildId', {
      enumerable: true,
      get: () => ((reads += 1), patch.buildId),
    });
  const names = (kind: string, n: number) => Array.from({ length: n }, (_, i) => `${kind}_${i}`);
  const [gone, now] = [names('gone', 500), names('now', 500)];
  const situation = play(
    next(
      host,
      gone.map((name) => listed(name)),
    ),
  );
  const unlisted = names('old', 1000).map((name) =>
    counted({ name, buildId: null, reading: null, unlistedBy: 'UNKNOWN' as const }),
  );
  const before = {
    bootId: host.host.bootId,
    carried: { referencedSince: {} },
    confirmedAt: T0,
    situation: { ...situation, list: situation.list.map(counted), unlisted },
  };
  const report = next(
    host,
    [],
    now.map((name) => leftover(name)),
  );
  expect(deriveSituation(report, before, T0, INTERVAL).situation.unlisted).toHaveLength(UNLISTED_KEPT);
  expect(reads).toBeLessThan(20 * (500 + 1000));
});
