import { decidePlan, type PlanAnswer } from '../src/gate/plan.js';
import type { PlanGroup, Verdict } from '../src/registry/generated/operations.js';
import { fleetAnswer, reason, verdict } from './fleet-answer.js';
import { klpreg } from './environment.js';
import { expectGolden } from './golden.js';
import { TinyRegistry } from './tiny-registry.js';

const PRICE = { reboots: 0, transitions: 1, transitionsUnpatched: 0, cvesReopened: [] };

const group = (hosts: number, judged: Partial<Verdict> = {}, more: Partial<PlanGroup> = {}): PlanGroup => ({
  hosts,
  runs: ['lp_12'],
  kernelRelease: '6.1.0',
  arch: 'x86_64',
  release: 'lp-11',
  verdict: verdict([], {
    price: PRICE,
    steps: [
      { action: 'LOAD', patch: 'lp_11', sha256: null },
      { action: 'WAIT', patch: 'lp_11', sha256: null },
    ],
    ...judged,
  }),
  examples: ['web-1', 'web-2', 'web-3'],
  ...more,
});
const there = group(4, { route: 'NONE_NEEDED', steps: [], price: { ...PRICE, transitions: 0 } });
const rebooting = group(
  3,
  {
    route: 'REBOOT',
    steps: [{ action: 'REBOOT', patch: null, sha256: null }],
    price: { ...PRICE, reboots: 1 },
  },
  { examples: ['db-1'], release: null },
);
const unpatched = group(2, {
  route: 'DISABLE_THEN_LOAD',
  price: { ...PRICE, transitions: 2, transitionsUnpatched: 1, cvesReopened: ['CVE-2026-1'] },
});
const refused = group(2, verdict([reason('STATE_VERSION_TOO_LOW', 'REFUSED')]));
const unknown = group(1, verdict([reason('REPORT_STALE', 'UNKNOWN', { clearedBy: 'REPORT' })]));

function planAnswer(
  groups: PlanGroup[],
  blockedGroups: PlanGroup[] = [],
  more: Partial<PlanAnswer> = {},
): PlanAnswer {
  const count = (all: readonly PlanGroup[]) => all.reduce((sum, { hosts }) => sum + hosts, 0);
  const isRebooting = ({ verdict: { price } }: PlanGroup) => (price?.reboots ?? 0) > 0;
  return {
    matched: count([...groups, ...blockedGroups]),
    served: count(groups),
    blocked: count(blockedGroups),
    routes: groups.map(({ hosts, verdict: { route } }) => ({ route: route!, hosts })),
    reboots: count(groups.filter(isRebooting)),
    unpatched: 0,
    cvesReopened: [],
    limitedByScope: false,
    groups,
    blockedGroups,
    drain: [],
    skippedReleases: [],
    complete: true,
    snapshot: fleetAnswer([]).snapshot,
    ...more,
  };
}

test.each<[what: string, answer: PlanAnswer, exit: number, why: string]>([
  ['all have a route', planAnswer([there, rebooting]), 0, '7 of 7 hosts have a route'],
  ['two are refused', planAnswer([there], [refused]), 1, '2 of 6 hosts have no route, 4 have one'],
  ['one is unknown', planAnswer([there], [unknown]), 3, '1 of 5 hosts has no route, 4 have one'],
  ['refused and unknown', planAnswer([], [refused, unknown]), 1, '3 of 3 hosts have no route, 0 have one'],
  [
    'unknown, and not all were read',
    planAnswer([], [unknown], { complete: false }),
    1,
    '1 of 1 host has no route, 0 have one',
  ],
  ['no host', planAnswer([]), 3, 'no host matches'],
  [
    'a scope',
    planAnswer([there], [], { limitedByScope: true }),
    3,
    'the token is limited to some of the matching hosts',
  ],
])('%s', (_what, answer, exit, why) => {
  expect(decidePlan(answer)).toMatchObject({ exit, why });
});

async function ask({ groups, blockedGroups, ...answer }: PlanAnswer, words: readonly string[]) {
  const page = (nodes: readonly PlanGroup[]) => ({
    edges: nodes.map((_, i) => ({ cursor: String(i) })),
    nodes,
    totalCount: nodes.length,
    pageInfo: { hasNextPage: false, endCursor: null },
  });
  const plan = { ...answer, groups: page(groups), blockedGroups: page(blockedGroups) };
  const registry = await TinyRegistry.open(() => ({ body: { data: { plan } } }));
  try {
    return await klpreg([
      'plan',
      '--newest',
      '--where',
      'running=00112233445566778899aabbccddeeff00112233',
      '--url',
      registry.url,
      ...words,
    ]);
  } finally {
    await registry.close();
  }
}

test('the plan as a table', async () => {
  const answer = planAnswer([there, unpatched, rebooting], [refused, unknown], {
    drain: [
      { number: 1, hosts: ['db-1', 'db-3'] },
      { number: 2, hosts: ['db-2'] },
    ],
    unpatched: 2,
    cvesReopened: ['CVE-2026-1'],
  });
  const { exit, out } = await ask(answer, ['-o', 'table', '--drain-by', 'rack']);
  expect(exit).toBe(1);
  expectGolden('plan.txt', out);
});

test('the plan as JSON begins with the answer, and the decision is on stderr', async () => {
  const { out, err } = await ask(planAnswer([there]), ['-o', 'json']);
  expect(Object.keys(JSON.parse(out)).slice(0, 4)).toEqual(['schemaVersion', 'answer', 'why', 'exitCode']);
  expect(err).toBe('YES: 4 of 4 hosts have a route\n');
});

test.each<[what: string, answer: PlanAnswer]>([
  ['its hosts do not add up', planAnswer([there], [], { matched: 5 })],
  ['a group that is served is not accepted', planAnswer([refused])],
  ['a group that is blocked is accepted', planAnswer([], [there])],
  ['its routes do not add up', planAnswer([there], [], { routes: [] })],
])('an answer is none if %s', async (_what, answer) => {
  const { exit, err } = await ask(answer, []);
  expect(exit).toBe(4);
  expect(err).toContain('contradicts itself');
});
