import type { Report } from '@klpreg/wire';
import { sightingsOf } from '../src/ingest/sightings.js';
import { deriveSituation, type PreviousState } from '../src/ingest/situation.js';
import { later, leftover, listed, running } from './registry.js';

const T0 = new Date('2026-11-23T10:00:00Z');

/** Plays reports of one boot and shows what the last one shows about builds. */
function shown(...reports: Report[]) {
  let before: PreviousState | null = null;
  let sightings: ReturnType<typeof sightingsOf> = [];
  for (const report of reports) {
    const { situation, carried, continuous } = deriveSituation(report, before, T0, 60);
    sightings = sightingsOf(report, situation, continuous ? before!.situation : null);
    before = { bootId: report.host.bootId, situation, carried, confirmedAt: T0 };
  }
  return sightings;
}

const id = (name: string) => listed(name).buildId!;
const objects = [
  { name: 'vmlinux', patched: true, functions: [] },
  { name: 'lab_target', patched: false, functions: [] },
];
const one = running('web-1', [], { livepatches: [listed('lab_r_1v1_a', { objects })] });
const two = [listed('lab_n_1v1_a'), listed('lab_n_1v3_a')];
const [idle, first] = [running('web-1', []), running('web-1', ['lab_n_1v1_a'])];

test('a report shows build, machine, kernel, objects, file and signature check', () => {
  const reading = {
    evidence: 'FILE' as const,
    sha256: 'f'.repeat(64),
    replace: true,
    states: null,
    unreadable: null,
    impact: 'UNREADABLE' as const,
    callbacks: null,
  };
  const report = running('web-1', [], {
    livepatches: [
      listed('lab_r_1v1_a', { objects, reading, moduleState: 'Live', moduleTaint: 'OK' } as Partial<
        Report['livepatches'][number]
      >),
    ],
    host: { kernelBuildId: 'ab'.repeat(20) },
  });
  const { kernelRelease: release, kernelVersion: version, arch, machine, instance } = report.host;
  expect(shown(report)).toEqual([
    {
      hostId: instance,
      machine,
      buildId: id('lab_r_1v1_a'),
      kernel: { release, version, arch, buildId: 'ab'.repeat(20) },
      objects: ['vmlinux'],
      over: null,
      file: 'f'.repeat(64),
      verified: true,
    },
  ]);
});

test.each<[string, Report[]]>([
  [
    'of a patch in transition',
    [running('web-1', [], { livepatches: [listed('lab_r_1v1_a', { transition: true })] })],
  ],
  [
    'of a patch that is being disabled',
    [running('web-1', [], { livepatches: [listed('lab_r_1v1_a', { enabled: false, transition: true })] })],
  ],
  [
    'of a patch without a build-id',
    [running('web-1', [], { livepatches: [listed('lab_r_1v1_a', { buildId: null })] })],
  ],
  [
    'of a module that is not live',
    [running('web-1', [], { livepatches: [listed('lab_r_1v1_a', { moduleState: 'Going' })] })],
  ],
  ['by a machine whose hash is not known', [running('web-1', ['lab_r_1v1_a'], { host: { machine: null } })]],
  [
    'by a report that is incomplete',
    [running('web-1', ['lab_r_1v1_a'], { unread: ['taint of lab_r_1v1_a'] })],
  ],
  ['by a report whose list needs taint K, and has none', [running('web-1', ['lab_r_1v1_a'], { taint: 0 })]],
  [
    'by a report of taint K without livepatch support',
    [running('web-1', ['lab_r_1v1_a'], { capabilities: { livepatch: false } })],
  ],
  [
    'by a report in which a settled cumulative patch is not alone',
    [running('web-1', ['lab_n_1v1_a', 'lab_r_1v1_a'])],
  ],
  [
    'if another live patching system is at work',
    [running('web-1', ['lab_r_1v1_a'], { otherLivePatching: ['module kcare'] })],
  ],
])('nothing is shown %s', (_, reports) => expect(shown(...reports)).toEqual([]));

test.each<[string, string[] | null, Report[]]>([
  ['is not known of the first report', null, [one]],
  ['is not known if nothing changed', null, [one, later(one)]],
  ['is empty if the list was', [], [idle, later(idle, { livepatches: [listed('lab_r_1v1_a')] })]],
  ['is what is still listed below it', [id('lab_n_1v1_a')], [first, later(first, { livepatches: two })]],
  [
    'is what was below it in its transition',
    [id('lab_r_1v1_a')],
    [
      one,
      later(one, { livepatches: [listed('lab_r_1v1_a'), listed('lab_r_1v2_a', { transition: true })] }),
      later(one, { livepatches: [listed('lab_r_1v2_a')] }),
    ],
  ],
  [
    'is not known if something left: it may have been disabled before',
    null,
    [one, later(one, { livepatches: [listed('lab_r_1v2_a')] })],
  ],
  [
    'is not known if a module is loaded that was never seen: it may have been listed',
    null,
    [idle, later(idle, { livepatches: [listed('lab_r_1v1_a')], leftovers: [leftover('lab_r_1v2_a')] })],
  ],
  ['is not known if two were loaded', null, [idle, later(idle, { livepatches: two })]],
  [
    'is not known after a report that is incomplete',
    null,
    [later(idle, { unread: ['the list'] }), later(idle, { livepatches: [listed('lab_r_1v1_a')] })],
  ],
])('the list over which a patch was loaded %s', (_, over, reports) =>
  expect(shown(...reports).at(-1)!.over).toEqual(over),
);
