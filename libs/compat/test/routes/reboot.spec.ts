import { type BootPersistence, resolveSituation } from '../../src/index.js';
import { rebooted, rebootInto } from '../../src/routes/reboot.js';
import {
  type Asked,
  ask,
  capabilities,
  catalog,
  unlisted,
  leftover,
  listed,
  manifest,
  newer,
  older,
  running,
} from '../../src/testing/index.js';
import { reasonTable } from '../reason-table.js';

const THIS_KERNEL = '6.12.95+deb13-amd64';
const boots = (...loads: ReturnType<typeof manifest>[]): BootPersistence => ({
  kernelRelease: THIS_KERNEL,
  loads: loads.map(({ name, buildId }) => ({ name, buildId })),
});
const question = { routes: ['REBOOT'] } as const;
const top = manifest('top', { 7: 1 }, { replace: false });
const asked = (boot: BootPersistence | null, differs: Partial<Asked> = {}): Asked => ({
  ...differs,
  host: { boot, ...differs.host },
  question,
});

reasonTable('BOOT_LOADS_OTHER', [
  ['another patch', asked(boots(newer)), [{ kind: 'UNSAFE', detail: 'newer', clearedBy: 'REPORT' }]],
  ['the target, and another one on top', asked(boots(older, newer)), [{ detail: 'older, newer' }]],
  ['nothing', asked(boots()), [{ detail: 'nothing' }]],
  [
    'a patch, where none is required',
    asked(boots(older), { to: { kind: 'ORIGINAL' } }),
    [{ detail: 'older' }],
  ],
  [
    'another build of that name',
    asked({ kernelRelease: THIS_KERNEL, loads: [{ name: 'older', buildId: 'rebuilt' }] }),
    [{ detail: 'older' }],
  ],
  ['exactly the target', asked(boots(older)), []],
  ['nothing, as required', asked(boots(), { to: { kind: 'ORIGINAL' } }), []],
]);
reasonTable('BOOT_UNKNOWN', [
  ['the host does not report it', asked(null), [{ kind: 'UNKNOWN', detail: 'the host does not report it' }]],
  [
    'the kernel that boots is not known',
    asked({ ...boots(older), kernelRelease: null }),
    [{ detail: 'the kernel that boots is not known' }],
  ],
  [
    'another kernel boots',
    asked({ ...boots(older), kernelRelease: '6.1.0' }),
    [{ detail: 'another kernel boots, 6.1.0' }],
  ],
  [
    'a module without a build-id',
    asked({ kernelRelease: THIS_KERNEL, loads: [{ name: 'older', buildId: null }] }),
    [{ patch: 'older', detail: 'the build of older is not known' }],
  ],
  [
    'what is loaded second is cumulative',
    asked(boots(older, newer), {
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-older', 'id-of-newer'] },
      published: [older],
    }),
    [{ patch: 'newer', detail: 'newer may replace what is loaded before it' }],
  ],
  [
    'what is loaded second goes on top',
    asked(boots(older, top), {
      to: { kind: 'PREVIOUS' },
      host: { previous: ['id-of-older', 'id-of-top'] },
      published: [older, top],
    }),
    [],
  ],
  ['exactly the target', asked(boots(older)), []],
]);

test.each<[sentence: string, asked: Asked, kind: string]>([
  ['the target boots', asked(boots(older)), 'SAFE'],
  ['no state of this boot matters', asked(boots(older), { list: [manifest('stuck', { 9: 9 })] }), 'SAFE'],
  [
    'nor does what left the list',
    asked(boots(older), {
      host: {
        unlisted: [unlisted(manifest('gone', { 9: 1 }))],
        leftovers: [leftover(older, { pinned: true, referenced: true })],
      },
    }),
    'SAFE',
  ],
  [
    'nor an open transition',
    asked(boots(older), { list: [listed(newer, { transition: true })], published: [newer] }),
    'SAFE',
  ],
  ['nor a patch that is not published', asked(boots(older), { list: [listed(newer)] }), 'SAFE'],
  [
    'what was left behind is set right, though the target is there already',
    asked(boots(older), { list: [older], host: { unlisted: [unlisted(manifest('gone', { 9: 1 }))] } }),
    'SAFE',
  ],
  [
    'the target was never loaded on this kernel',
    asked(boots(older), { catalog: { sightings: () => [] } }),
    'UNKNOWN',
  ],
  ['the target is recalled', asked(boots(older), { to: { ...older, recalled: true } }), 'UNSAFE'],
  [
    'the target is built for another kernel',
    asked(boots(older), { to: { ...older, kernelRelease: '6.1.0' } }),
    'REFUSED',
  ],
  [
    'the target’s states cannot be read',
    asked(boots(older), { to: manifest('older', {}, { states: null, impact: 'UNREADABLE' }) }),
    'UNKNOWN',
  ],
  [
    'what boots is not published',
    asked(boots(older), { to: { kind: 'PREVIOUS' }, host: { previous: ['id-of-older'] } }),
    'UNKNOWN',
  ],
  ['the report is too old', { ...asked(boots(older)), freshness: { ageSeconds: 901 } }, 'UNKNOWN'],
  [
    'the kernel has no livepatch support',
    asked(boots(older), { list: [], host: { capabilities: capabilities({ livepatch: false }) } }),
    'REFUSED',
  ],
])('%s', (_, question, kind) =>
  expect(ask(question)).toMatchObject({
    route: 'REBOOT',
    kind,
    price: { reboots: 1, transitions: 0 },
    steps: [{ action: 'REBOOT', patch: null }],
  }),
);

test('two patches of which the second does not take the first', () => {
  const [first, second] = [
    manifest('first', { 7: 2 }, { replace: false }),
    manifest('second', { 7: 1 }, { replace: false }),
  ];
  const previous = ['id-of-first', 'id-of-second'];
  expect(
    ask(
      asked(boots(first, second), {
        to: { kind: 'PREVIOUS' },
        host: { previous },
        published: [first, second],
      }),
    ),
  ).toMatchObject({
    kind: 'REFUSED',
    errno: 'EINVAL',
  });
});

test('an earlier list that is not published can also be judged', () => {
  const boot = { kernelRelease: THIS_KERNEL, loads: [{ name: 'unheard_of', buildId: 'unheard_of' }] };
  expect(ask(asked(boot, { to: { kind: 'PREVIOUS' }, host: { previous: ['unheard_of'] } }))).toMatchObject({
    route: 'REBOOT',
    kind: 'UNKNOWN',
    steps: [{ action: 'REBOOT' }],
  });
});

test('modules_disabled ends with the boot; ftrace that is off today may be switched off at each boot', () => {
  const gates = (modulesDisabled: boolean | null, ftraceEnabled: boolean | null) =>
    rebooted(
      resolveSituation(running([newer], { gates: { modulesDisabled, ftraceEnabled } }), catalog([newer])),
    ).situation.gates;
  expect([gates(true, false), gates(null, null)]).toEqual([
    { modulesDisabled: false, ftraceEnabled: null },
    { modulesDisabled: false, ftraceEnabled: null },
  ]);
});

test('right after a reboot nothing of this boot is left', () => {
  const host = resolveSituation(
    running([older], {
      leftovers: [leftover(newer, { moduleState: 'LOADING' })],
      unlisted: [unlisted(newer)],
      previous: ['id-of-newer'],
    }),
    catalog([newer, older]),
  );
  const { situation, list, unlisted: gone, inTransition, loading, contradictions } = rebooted(host);
  const { kernelRelease, kernelVersion, kernelBuildId, arch, capabilities, boot, suspect } = host.situation;
  expect({ list, gone, inTransition, loading, contradictions }).toEqual({
    list: [],
    gone: [],
    inTransition: null,
    loading: [],
    contradictions: [],
  });
  const kept = { kernelRelease, kernelVersion, kernelBuildId, arch, capabilities, boot, suspect };
  const notYetSeen = {
    gates: { modulesDisabled: false, ftraceEnabled: true },
    otherLivePatching: [],
    unread: [],
  };
  expect(situation).toEqual({
    ...kept,
    ...notYetSeen,
    list: [],
    leftovers: [],
    unlisted: [],
    previous: null,
    tainted: false,
    bootHistory: 'KNOWN',
    historyTooLong: false,
  });
});

test('what boots is called as it is published, or listed, or else by its build-id', () => {
  const host = resolveSituation(running([listed(newer)]), catalog([]));
  expect(
    rebootInto(['id-of-older', 'id-of-newer', 'unheard_of'], host, [older]).next.map(
      ({ load }) => load?.name,
    ),
  ).toEqual(['older', 'newer', 'unheard_of']);
});

test('a reboot about which nothing is reported is no answer next to another route', () => {
  const both = (boot: BootPersistence | null) =>
    ask({ list: [manifest('two', { 7: 2 })], host: { boot }, question: { routes: ['REPLACE', 'REBOOT'] } });
  expect(both(null)).toMatchObject({ route: 'REPLACE', kind: 'REFUSED' });
  expect(both(boots(older))).toMatchObject({ route: 'REBOOT', kind: 'SAFE' });
  expect(ask({ list: [manifest('two', { 7: 2 })], question: { routes: ['REBOOT', 'REPLACE'] } })).toEqual(
    both(null),
  );
});

test('CVEs that the boot does not fix are named', () => {
  const fixing = {
    ...newer,
    author: { evidence: 'MANIFEST', states: [], impactNone: false, independentOf: [], cves: ['CVE-1'] },
  } as const;
  expect(ask(asked(boots(older), { list: [fixing] })).reasons).toMatchObject([
    { code: 'CVE_REOPENED', detail: 'CVE-1' },
  ]);
});

test('what was tried in this boot is of no interest after it', () =>
  expect(
    ask(asked(boots(older), { list: [manifest('none')], host: { bootHistory: 'STARTED_LATE' } })).reasons,
  ).toEqual([]));
