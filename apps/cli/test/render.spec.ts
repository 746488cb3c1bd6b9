import { decide } from '../src/gate/decide.js';
import { listed, asData, cohort, fleetAnswer, reason, verdict } from './fleet-answer.js';
import { expectGolden } from './golden.js';
import { TinyRegistry } from './tiny-registry.js';
import { klpreg, TestEnvironment } from './environment.js';

const tooLow = (buildId: string) =>
  reason('STATE_VERSION_TOO_LOW', 'REFUSED', {
    errno: 'EINVAL',
    patch: 'lp_11',
    buildId,
    stateId: '18446744073709551615',
    have: 1,
    need: 2,
    text: "'lp_11' modifies state 18446744073709551615 at version 2 and the target has only version 1",
  });
const busy = reason('TRANSITION_IN_PROGRESS', 'REFUSED', {
  errno: 'EBUSY',
  clearedBy: 'TIME',
  patch: 'lp_hot',
  text: "the transition of 'lp_hot' is still open",
});
const left = reason('STATE_LEFT_BEHIND', 'UNSAFE', {
  patch: 'lp_11',
  stateId: '9007199254740993',
  need: 3,
  text:
    "state 9007199254740993 (version 3) of 'lp_11' is left behind: its " +
    'callbacks do not run and no patch takes it over',
});
const stale = reason('REPORT_STALE', 'UNKNOWN', {
  clearedBy: 'REPORT',
  text: 'what is known of this host is too old',
});
const cve = reason('CVE_REOPENED', 'ADVISORY', {
  clearedBy: 'NOTHING',
  patch: 'lp_11',
  detail: 'CVE-2026-1234',
  text: "CVE-2026-1234 is fixed by 'lp_11' and would be open again",
});
const prod = [
  { key: 'env', value: 'prod' },
  { key: 'agent.role', value: 'web' },
];

const mixed = fleetAnswer([
  cohort(4, verdict([cve]), { labels: prod, examples: ['web-4', 'web-5', 'web-6'] }),
  cohort(2, verdict([tooLow('aa'), cve], { errno: 'EINVAL' }), {
    stack: [listed('lp_11')],
    labels: prod,
    examples: ['web-1', 'web-2'],
  }),
  cohort(1, verdict([tooLow('bb'), left], { errno: 'EINVAL' }), {
    stack: [listed('lp_11')],
    kernelRelease: '7.3.4',
    labels: prod,
    examples: ['web-3'],
  }),
  cohort(1, verdict([busy], { errno: 'EBUSY' }), {
    stack: [listed('lp_9'), listed('lp_hot', { transition: true })],
    examples: ['api-1'],
  }),
  cohort(1, verdict([left, stale], { kind: 'UNKNOWN', basedOnStaleFacts: true }), {
    examples: ['db-1'],
    freshness: 'STALE',
  }),
  cohort(1, verdict([left], { route: 'NONE_NEEDED' }), { examples: ['db-2'] }),
]);

async function shown(
  answer: typeof mixed,
  words: readonly string[],
  columns: number | undefined,
  env: Record<string, string> = {},
) {
  const registry = await TinyRegistry.open(() => ({ body: asData(answer) }));
  const environment = new TestEnvironment(env, { isTTY: columns !== undefined, columns });
  const { exit, out } = await klpreg(
    ['can-i-downgrade', '--to', 'release:web-2026.10', '--url', registry.url, ...words],
    {},
    environment,
  );
  await registry.close();
  return { exit, out };
}

test('a fleet, as a table of any width', async () => {
  const { exit, out } = await shown(mixed, ['-o', 'table', '--where', 'env=prod'], undefined);
  expect(exit).toBe(1);
  expectGolden('fleet.txt', out);
});

test('a fleet, on a narrow terminal without colours: no word is cut', async () => {
  const { out } = await shown(mixed, [], 100, { NO_COLOR: '1' });
  expectGolden('fleet-narrow.txt', out);
  expect(out).not.toMatch(/\S…/);
});

test('a fleet of the past, as a table: the point in time is in the headline and in the decision, and the last line asks again', async () => {
  const past = { ...mixed, snapshot: { ...mixed.snapshot, id: null, now: '2026-11-23T09:45:00.000Z' } };
  const { exit, out } = await shown(
    past,
    ['-o', 'table', '--as-of', '15m', '--catalog', 'now', '--where', 'env=prod'],
    undefined,
  );
  expect(exit).toBe(1);
  expectGolden('fleet-past.txt', out);
});

test.each<
  [what: string, flags: string[], snapshot: Partial<typeof mixed.snapshot>, headline: string, last: string]
>([
  [
    'the present',
    [],
    {},
    'Can every host be downgraded to release web-2026.10?',
    'to repeat this for the same point in time: --snapshot WyJrbHAyIl0',
  ],
  [
    'a snapshot',
    ['--snapshot', 'WyJrbHAyIl0'],
    {},
    'As of 2026-11-23T10:00:00Z, could every host be downgraded to release web-2026.10?',
    'to repeat this for the same point in time: --snapshot WyJrbHAyIl0',
  ],
  [
    'a snapshot, by the catalog of today',
    ['--snapshot', 'WyJrbHAyIl0', '--catalog', 'now'],
    { id: 'WyJrbHAyIm0' },
    "As of 2026-11-23T10:00:00Z and by today's catalog, could every " +
      'host be downgraded to release web-2026.10?',
    'to repeat this for the same point in time: --snapshot WyJrbHAyIm0',
  ],
  [
    'an instant',
    ['--as-of', '2026-11-23T10:45:00+01:00'],
    { id: null, now: '2026-11-23T09:45:00.000Z' },
    'As of 2026-11-23T09:45:00Z, could every host be downgraded to release web-2026.10?',
    'to repeat this for the same point in time: --as-of 2026-11-23T09:45:00Z',
  ],
  [
    'a present without a snapshot',
    ['--max-age', '60s'],
    { id: null },
    'Can every host be downgraded to release web-2026.10?',
    '    4  SAFE by REPLACE                                    lp_1                           6.1.0   ' +
      'env=prod ~role=web  web-4 web-5 web-6 …',
  ],
])(
  'the table of %s names its point in time, and how to ask again',
  async (_what, flags, snapshot, headline, last) => {
    const { out } = await shown(
      { ...mixed, snapshot: { ...mixed.snapshot, ...snapshot } },
      ['-o', 'table', ...flags],
      undefined,
    );
    const lines = out.trimEnd().split('\n');
    expect([lines[1], lines.at(-1)]).toEqual([headline, last]);
  },
);

test('colours only on a terminal', async () => {
  const { out } = await shown(mixed, [], 200);
  // eslint-disable-next-line no-control-regex -- escape sequences are what is looked for
  expect(out).toMatch(/\u001b\[31mNO\u001b\[39m: /);
});

test('a fleet, as JSON and YAML', async () => {
  expectGolden(
    'fleet.json',
    (
      await shown(
        mixed,
        [
          '-o',
          'json',
          '--where',
          'env=prod',
          '--allow',
          'SYMBOLS_UNVERIFIED',
          '--max-age',
          '10m',
          '--route',
          'replace',
          '--rules',
          'klp-5.5',
          '--min-evidence',
          'unsigned',
        ],
        undefined,
      )
    ).out,
  );
  expectGolden(
    'fleet.yaml',
    (await shown(fleetAnswer([cohort(1, verdict([]))]), ['-o', 'yaml', '--route', 'best'], undefined)).out,
  );
});

const UNVERIFIED = ['SYMBOLS_UNVERIFIED'];
const byRule = (rule: string | null) => ({
  policy: {
    revision: 1,
    rules: [{ rule, hosts: 1, raise: [], maxAge: '5m', evidence: 'MODULE', routes: null, allow: UNVERIFIED }],
  },
});
const waived = { waivers: [{ id: 'w', owner: 'o', codes: UNVERIFIED, expiresAt: '', hosts: 1 }] };

test.each<[by: string, flags: object, answer: object]>([
  ['--allow', { allow: UNVERIFIED }, byRule('web')],
  ['--ignore-file', { ignored: UNVERIFIED }, {}],
  ['--allow or --ignore-file', { allow: UNVERIFIED, ignored: UNVERIFIED }, {}],
  ['the policy', {}, byRule('web')],
  ['a waiver', {}, { ...byRule(null), ...waived }],
])('a yes says that %s accepts the reasons of a host', (by, flags, answer) => {
  const unknown = cohort(1, verdict([reason('SYMBOLS_UNVERIFIED', 'UNKNOWN')], { allowed: UNVERIFIED }));
  const { why } = decide(fleetAnswer([unknown], answer), {
    maxRefused: { hosts: 0 },
    allowEmpty: false,
    ...flags,
  });
  expect(why).toBe(`the host can be downgraded (1 for reasons that ${by} accepts)`);
});

test('each decision in one sentence', () => {
  const sentence = (answer: typeof mixed, hosts = 0) =>
    decide(answer, { maxRefused: { hosts }, allowEmpty: false }).why;
  const refused = cohort(2, verdict([busy]));
  expect(
    [
      sentence(mixed),
      sentence(fleetAnswer([cohort(1, verdict([]))])),
      sentence(fleetAnswer([cohort(7, verdict([]))])),
      sentence(fleetAnswer([])),
      sentence(fleetAnswer([cohort(7, verdict([])), cohort(1, verdict([stale]))])),
      sentence(fleetAnswer([cohort(7, verdict([])), refused]), 2),
      sentence(fleetAnswer([cohort(7, verdict([])), refused]), 1),
      sentence(fleetAnswer([cohort(7, verdict([])), cohort(1, verdict([busy, left]))]), 1),
      sentence(fleetAnswer([cohort(1, verdict([]))], { limitedByScope: true })),
    ].join('\n'),
  ).toBe(
    [
      '5 of 10 hosts cannot be downgraded safely: 4 would be refused, 1 is already there, and not unharmed',
      'the host can be downgraded',
      'all 7 hosts can be downgraded',
      'no host matches',
      '1 of 8 hosts cannot be judged',
      '7 of 9 hosts can be downgraded; 2 would be refused, which is tolerated',
      '2 of 9 hosts cannot be downgraded safely: 2 would be refused, of which at most 1 is tolerated',
      '1 host would be refused, and would also be harmed or cannot be judged; this is never tolerated',
      'the token is limited to some of the matching hosts',
    ].join('\n'),
  );
});

describe('one host', () => {
  const host = {
    id: 'SG9zdDox',
    instance: 'i',
    hostname: 'web-1',
    labels: prod,
    bootId: 'b',
    kernelRelease: '6.1.0',
    kernelVersion: '#1 SMP',
    arch: 'x86_64',
    stack: [
      listed('lp_9', {
        moduleTaint: 'OEK',
        states: [{ id: '1', version: 1 }],
        patch: { release: 'web-2026.09', owner: 'web' },
      }),
      listed('lp_hot', { replace: false, transition: true, states: null, evidence: null }),
    ],
    leftovers: [{ name: 'lp_8', buildId: null, moduleState: 'LIVE', referenced: true, pinned: true }],
    unlisted: [
      { name: 'lp_7', buildId: null, unlistedBy: 'REPLACED' },
      { name: 'lp_6', buildId: null, unlistedBy: 'UNKNOWN' },
    ],
    bootHistory: 'GAP',
    historyTooLong: true,
    gates: { modulesDisabled: false, ftraceEnabled: true, signatureEnforced: null, lockdown: 'INTEGRITY' },
    otherLivePatching: ['module kcare'],
    boot: { outcome: 'OTHER', kernelRelease: null, loads: [{ name: 'lp_10', buildId: null }] },
    forcedTransition: true,
    weakestEvidence: 'MODULE',
    agent: { version: '0.1.0', notReported: ['lockdown'] },
    inactive: [{ patch: 'lp_9', object: 'nfsd' }],
    unread: ['the taint of lp_8'],
    warnings: ['the machine id cannot be read: took none'],
    suspect: true,
    transition: {
      patch: 'lp_hot',
      enabling: true,
      since: '2026-11-23T09:00:00.000Z',
      tasks: [
        { pid: 1, comm: 'init' },
        { pid: 22, comm: 'kworker/0:1' },
      ],
      moreTasks: 7,
    },
    freshness: {
      level: 'LATE',
      ageSeconds: 170.4,
      confirmedAt: '2026-11-23T09:57:10.000Z',
      contactAt: null,
      superseded: true,
    },
    rules: { sets: ['KLP_5_5'], basis: 'KALLSYMS' },
    retiredAt: null,
    retiredBy: null,
  };
  const judged = verdict([cve, tooLow('aa'), { ...stale, code: 'SYMBOLS_UNVERIFIED' }], {
    errno: 'EINVAL',
    allowed: ['SYMBOLS_UNVERIFIED'],
    steps: [
      { action: 'DISABLE', patch: 'lp_9', sha256: null },
      { action: 'LOAD', patch: 'lp_8', sha256: 'ab'.repeat(32) },
      { action: 'REBOOT', patch: null, sha256: null },
    ],
    price: { transitions: 2, transitionsUnpatched: 1, cvesReopened: ['CVE-2026-1'], reboots: 1 },
    searched: { tried: 64, of: 80 },
  });

  const explained = async (words: readonly string[], found: object | null = host, answered = judged) => {
    const registry = await TinyRegistry.open((request) => ({
      body: {
        data: {
          host:
            request.operation === 'FindHost'
              ? found && { id: host.id, hostname: host.hostname, labels: host.labels }
              : request.operation === 'JudgeHost'
                ? { ...host, canDowngrade: answered }
                : host,
        },
      },
    }));
    const done = await klpreg(['explain', 'web-1', '--url', registry.url, ...words]);
    await registry.close();
    return { ...done, requests: registry.requests };
  };

  test('what it runs', async () => {
    const { exit, out } = await explained(['-o', 'table']);
    expect(exit).toBe(0);
    expectGolden('host.txt', out);
  });

  test('why it cannot be downgraded', async () => {
    const { exit, out } = await explained(['--to', 'release:web-2026.08', '-o', 'table']);
    expect(exit).toBe(1);
    expectGolden('host-verdict.txt', out);
  });

  test('what it ran, and why it could not be downgraded', async () => {
    const words = ['--as-of', '2026-11-23T11:30:00+02:00', '-o', 'table'];
    const { exit, out } = await explained(['--to', 'release:web-2026.08', ...words]);
    expect(exit).toBe(1);
    expectGolden('host-verdict-past.txt', out);
    expect((await explained(words)).out.trimEnd()).toBe(out.split('\n\n')[0]);
  });

  test('every request for it is about the same point in time, including the one for its name', async () => {
    const { requests, out } = await explained(['--to', 'release:web-2026.08', '--as-of', '30m']);
    expect(requests.map(({ operation, variables }) => [operation, variables['asOf']])).toEqual([
      ['FindHost', '2026-11-23T09:30:00.000Z'],
      ['JudgeHost', '2026-11-23T09:30:00.000Z'],
    ]);
    expect(JSON.parse(out)).toMatchObject({
      asOf: '2026-11-23T09:30:00.000Z',
      question: { asOf: '2026-11-23T09:30:00.000Z' },
      waiversApply: false,
    });
    const present = await explained(['--to', 'release:web-2026.08']);
    expect(present.requests.map(({ variables }) => variables['asOf'])).toEqual([undefined, undefined]);
    expect(JSON.parse(present.out)).toMatchObject({ asOf: null, waiversApply: true });
  });

  test('a host that did not exist then is a usage error that names the point in time', async () => {
    const { exit, err } = await explained(['--as-of', '30m'], null);
    expect(exit).toBe(2);
    expect(err).toBe(
      "error: there was no host 'web-1' as of 2026-11-23T09:30:00Z\n  klpreg hosts --as-of " +
        '2026-11-23T09:30:00Z lists the hosts at that time\n',
    );
  });

  test('SAFE with a reason not to be is no answer', async () => {
    const { exit, err } = await explained(['--to', 'original'], host, { ...judged, kind: 'SAFE' });
    expect(exit).toBe(4);
    expect(err).toContain('contradicts itself');
  });

  test('a host that does not exist is a usage error', async () => {
    const { exit, err } = await explained([], null);
    expect(exit).toBe(2);
    expect(err).toBe("error: there is no host 'web-1'\n  klpreg hosts lists the hosts\n");
  });
});
