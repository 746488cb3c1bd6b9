import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildSchema, type GraphQLInputObjectType } from 'graphql';
import type { Report } from '@klpreg/wire';
import { Random } from '../random.js';
import { idle, later, leftover, listed, Registry, sealed } from '../registry.js';

jest.setTimeout(240_000);

const HOSTS = 30;
const SEED = Number(process.env['FILTER_SEED'] ?? 1);
const KERNELS = ['7.3.4+deb13-cloud-amd64', '6.12.9-amd64', '6.12.11-amd64'];
const STACKS = [[], ['lab_r_1v1_a'], ['lab_r_1v2_a'], ['lab_n_1v1_a', 'lab_r_1v1_2v1_a'], ['other_patch']];
const VERSIONS = ['0.9.0', '0.10.0', '0.10.2-rc1'];

/** The facts of a host that tests of this file compare, as the API shows them. */
const FACTS = `hostname kernelRelease arch suspect forcedTransition weakestEvidence
  labels { key value } freshness { level superseded } transition { stalled } leftovers { name }
  agent { version } boot { outcome }
  stack { name buildId states { id version } evidence patch { release impact conflicts } }`;

let registry: Registry;
/** All hosts, as a list without a filter shows them. */
let all: any[];
/** The instant at which every host is as it is now. */
let then: string;

beforeAll(async () => {
  registry = await Registry.start();
  const random = new Random(SEED);
  const calm: Report[] = [];
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_n_1v1_a'])
    await registry.publish(name, { release: `release-of-${name}` });
  // state 1 is declared by another owner as well
  await registry.publish('lab_r_1v1_2v1_a', { owner: 'other' });
  await registry.ask('mutation { addHost(input: { hostname: "never" }) { id } }');
  for (let i = 0; i < HOSTS; i++) {
    const report = randomReport(`host-${String(i).padStart(2, '0')}`, random);
    expect(await registry.report(report)).toMatchObject({ status: 200 });
    // two machines with one identity
    if (random.happens(0.15))
      await registry.report(later(report, { host: { ...report.host, machine: 'f'.repeat(64) } }));
    else if (report.leftovers.some(({ refcount }) => refcount === 1)) calm.push(report);
    registry.wait(random.below(40), 'seconds');
    if (random.happens(0.3)) await registry.heartbeat(report, { digest: later(report, { taint: 0 }).digest });
  }
  // a leftover that is still referenced a minute later is pinned
  registry.wait(61, 'seconds');
  for (const report of calm) await registry.report(later(report));
  then = registry.now().toISOString();
  registry.wait(1, 'seconds');
  all = await list({});
});
afterAll(() => registry.stop());

function randomReport(hostname: string, random: Random) {
  const names = random.pick(STACKS);
  const opens = names.length > 0 && random.happens(0.4);
  const livepatches = names.map((name, at) =>
    listed(name, {
      stackOrder: at + 1,
      transition: opens && at === names.length - 1,
      buildId: name === 'other_patch' ? 'ab'.repeat(20) : listed(name).buildId,
      // the kernel says what the file of lab_r_1v1_a does not
      ...(name === 'lab_r_1v1_a' && random.happens(0.3) && { replace: false }),
      ...(random.happens(0.5) && {
        reading: {
          evidence: 'LIVE',
          sha256: null,
          replace: null,
          states: [{ id: '7', version: random.between(1, 3) }],
          unreadable: null,
          impact: 'DECLARED',
          callbacks: null,
        } as never,
      }),
    }),
  );
  const top = livepatches.at(-1);
  const since = random.pick(['2026-11-23T09:00:00Z', registry.now().toISOString()]);
  const loads = random.pick([[], livepatches, [listed('lab_r_1v2_a')]]);
  const kernelRelease = random.pick(KERNELS);
  return sealed(
    idle(hostname, {
      agent: { version: random.pick(VERSIONS) },
      host: { kernelRelease, labels: { role: random.pick(['web', 'db']) } },
      livepatches,
      leftovers: random.happens(0.5) ? [leftover('lab_n_1v1_gate', random.below(2))] : [],
      ...(opens && { transition: { patch: top!.name, since, tasks: [], moreTasks: 0 } }),
      bootPersistence: random.happens(0.3)
        ? null
        : {
            source: 'test',
            kernelRelease: random.pick([kernelRelease, kernelRelease, null]),
            loads: loads.map(({ name, buildId }) => ({ name, buildId })),
          },
      kernelLog: {
        reachesBoot: true,
        events: [],
      },
    } as never),
  );
}

/** All pages of a list. */
async function list(where: object, more = ''): Promise<any[]> {
  const found: any[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 20; pages++) {
    const { hosts }: any = await registry.ask(
      `query ($where: HostFilter, $after: String) {
        hosts(where: $where, first: 7, after: $after ${more}) {
          totalCount nodes { ${FACTS} } pageInfo { hasNextPage endCursor } } }`,
      { where, after },
    );
    found.push(...hosts.nodes);
    if (!hosts.pageInfo.hasNextPage) {
      expect(hosts.totalCount).toBe(found.length);
      return found;
    }
    after = hosts.pageInfo.endCursor;
  }
  throw new Error('the list has no end');
}

const namesOf = (hosts: readonly { hostname: string }[]): string[] =>
  hosts.map(({ hostname }) => hostname).toSorted();
const reported = (host: any): boolean => host.kernelRelease !== null;
const hasState = (host: any, id: string, fits: (version: number) => boolean): boolean =>
  host.stack.some(({ states }: any) => states?.some((state: any) => state.id === id && fits(state.version)));
const STRENGTH = ['INFERRED', 'UNSIGNED', 'MANIFEST', 'MODULE', 'LIVE'];

/** A filter, and the same in TypeScript on what the API shows of a host. */
const FILTERS: readonly (readonly [where: object, holds: (host: any) => boolean])[] = [
  [{ kernelReleases: [KERNELS[1]] }, ({ kernelRelease }) => kernelRelease === KERNELS[1]],
  [{ kernelPrefix: '6.12.' }, (host) => reported(host) && host.kernelRelease.startsWith('6.12.')],
  [{ archs: ['x86_64'] }, reported],
  [
    { running: listed('lab_r_1v2_a').buildId },
    ({ stack }) => stack.some(({ name }: any) => name === 'lab_r_1v2_a'),
  ],
  [{ runningNames: ['lab-n-1v1-a'] }, ({ stack }) => stack.some(({ name }: any) => name === 'lab_n_1v1_a')],
  [
    { runningReleases: ['release-of-lab_n_1v1_a', 'release-of-lab_r_1v1_a'] },
    ({ stack }) => stack.some(({ patch }: any) => /release-of-lab_(n|r)_1v1_a/.test(patch?.release)),
  ],
  [{ states: [{ id: '1' }] }, (host) => hasState(host, '1', () => true)],
  [{ states: [{ id: '1', version: 2 }] }, (host) => hasState(host, '1', (version) => version === 2)],
  [{ states: [{ id: '7', minVersion: 2 }] }, (host) => hasState(host, '7', (version) => version >= 2)],
  [
    { states: [{ id: '1', maxVersion: 1 }, { id: '2' }] },
    (host) => hasState(host, '1', (version) => version <= 1) && hasState(host, '2', () => true),
  ],
  [{ impacts: ['DECLARED'] }, ({ stack }) => stack.some(({ patch }: any) => patch?.impact === 'DECLARED')],
  [
    { evidenceWeakerThan: 'LIVE' },
    ({ stack }) =>
      stack.some(
        ({ evidence }: any) => evidence === null || STRENGTH.indexOf(evidence) < STRENGTH.indexOf('LIVE'),
      ),
  ],
  [
    { evidenceWeakerThan: 'MODULE' },
    ({ stack, weakestEvidence }) => stack.length > 0 && weakestEvidence === null,
  ],
  [{ unpublished: true }, ({ stack }) => stack.some(({ patch }: any) => patch === null)],
  [{ unpublished: false }, (host) => reported(host) && host.stack.every(({ patch }: any) => patch !== null)],
  [{ minPatches: 2 }, ({ stack }) => stack.length >= 2],
  [{ maxPatches: 0 }, (host) => reported(host) && host.stack.length === 0],
  [{ sharedStates: true }, (host) => hasState(host, '1', () => true)],
  [{ transition: 'OPEN' }, ({ transition }) => transition !== null],
  [{ transition: 'STALLED' }, ({ transition }) => transition?.stalled === true],
  [{ transition: 'NONE' }, (host) => reported(host) && host.transition === null],
  [{ leftovers: true }, ({ leftovers }) => leftovers.length > 0],
  [{ leftovers: false }, (host) => reported(host) && host.leftovers.length === 0],
  [{ forcedTransition: true }, ({ forcedTransition }) => forcedTransition],
  [{ boot: ['SAME'] }, ({ boot }) => boot?.outcome === 'SAME'],
  [{ boot: ['OTHER', 'UNKNOWN'] }, ({ boot }) => boot !== null && boot.outcome !== 'SAME'],
  [{ freshness: ['FRESH', 'LATE'] }, ({ freshness: { level } }) => level === 'FRESH' || level === 'LATE'],
  [{ freshness: ['FRESH'] }, ({ freshness: { level } }) => level === 'FRESH' || level === 'LATE'],
  [{ freshness: ['STALE', 'NEVER'] }, ({ freshness: { level } }) => level === 'STALE' || level === 'NEVER'],
  [{ superseded: true }, ({ freshness }) => freshness.superseded],
  [{ superseded: false }, ({ freshness }) => !freshness.superseded],
  [{ suspect: true }, ({ suspect }) => suspect],
  [{ suspect: false }, ({ suspect }) => !suspect],
  [{ agentVersions: ['0.10.0'] }, ({ agent }) => agent?.version === '0.10.0'],
  [{ agentVersionBelow: '0.10.2' }, ({ agent }) => agent !== null && agent.version !== '0.10.2-rc1'],
  [{ agentVersionBelow: '0.10' }, ({ agent }) => agent?.version === '0.9.0'],
  [
    { transition: 'OPEN', labels: [{ key: 'role', in: ['web'] }], kernelPrefix: '6' },
    ({ transition, labels, kernelRelease }) =>
      transition !== null &&
      kernelRelease.startsWith('6') &&
      labels.some(({ key, value }: any) => key === 'agent.role' && value === 'web'),
  ],
];

const COUNTS = `query ($where: HostFilter, $asOf: DateTime) {
  fleet(where: $where, asOf: $asOf) { hosts }
  verdictCounts(to: { original: true }, where: $where, asOf: $asOf) { total }
  canDeploy(what: { name: "lab_r_1v2_a" }, where: $where, asOf: $asOf) { matched }
  canDowngrade(to: { original: true }, where: $where, asOf: $asOf) {
    matched hosts(first: 100) { totalCount nodes { host { hostname } } }
    cohorts(first: 100) { nodes { hosts examples } } } }`;

/** Every way to count or list the hosts of a filter gives these hosts. */
async function expectEverywhere(where: object, names: readonly string[]): Promise<void> {
  for (const isNow of isOfThePresent(where) ? [true] : [true, false]) {
    const asOf = isNow ? null : then;
    expect(namesOf(await list(where, asOf === null ? '' : `, asOf: "${asOf}"`))).toEqual(names);
    const { fleet, verdictCounts, canDeploy, canDowngrade } = await registry.ask(COUNTS, { where, asOf });
    expect({
      fleet: fleet.hosts,
      rows: verdictCounts.reduce((sum: number, { total }: any) => sum + total, 0),
      deploy: canDeploy.matched,
      matched: canDowngrade.matched,
      listed: canDowngrade.hosts.totalCount,
      inCohorts: canDowngrade.cohorts.nodes.reduce((sum: number, { hosts }: any) => sum + hosts, 0),
    }).toEqual({
      fleet: names.length,
      rows: names.length,
      deploy: names.length,
      matched: names.length,
      listed: names.length,
      inCohorts: names.length,
    });
    expect(namesOf(canDowngrade.hosts.nodes.map(({ host }: any) => host))).toEqual(names);
    for (const { examples } of canDowngrade.cohorts.nodes)
      for (const name of examples) expect(names).toContain(name);
  }
}

const isOfThePresent = (where: object): boolean =>
  'agentVersions' in where || 'agentVersionBelow' in where || JSON.stringify(where).includes('STALLED');

test.each(FILTERS)('%j is the same in lists, in counts and in TypeScript', async (where, holds) => {
  await expectEverywhere(where, namesOf(all.filter(holds)));
});

test('together, the filters tell hosts apart', () => {
  const useless = FILTERS.filter(([, holds]) => !all.some(holds) || all.every(holds));
  expect(useless.map(([where]) => where)).toEqual([]);
});

const EXCLUSIONS = Object.keys(
  (
    buildSchema(readFileSync(path.join(__dirname, '../../schema.graphql'), 'utf8')).getType(
      'HostExclusion',
    ) as GraphQLInputObjectType
  ).getFields(),
);
const NEGATED = FILTERS.filter(([where]) => Object.keys(where).every((field) => EXCLUSIONS.includes(field)));
test('each field that can be negated is', () => {
  expect(new Set(NEGATED.flatMap(([where]) => Object.keys(where)))).toEqual(new Set(EXCLUSIONS));
});
test.each(NEGATED)('%j and its negation split the fleet', async (where, holds) => {
  await expectEverywhere({ not: where }, namesOf(all.filter((host) => !holds(host))));
});

test('of several exclusions, each leaves out its own hosts', async () => {
  const names = namesOf(
    all.filter(({ kernelRelease, stack }) => kernelRelease !== KERNELS[1] && stack.length === 0),
  );
  expect(names.length).toBeGreaterThan(1);
  const listed = ['lab_r_1v1_a', 'lab_r_1v2_a', 'lab_r_1v1_2v1_a', 'other_patch'];
  await expectEverywhere({ not: [{ kernelReleases: [KERNELS[1]] }, { runningNames: listed }] }, names);
});

test('sources that disagree are a conflict', async () => {
  const { canDowngrade } = await registry.ask(
    `{ canDowngrade(to: { original: true }) {
      hosts(code: EVIDENCE_CONFLICT, first: 100) { nodes { host { hostname } } } } }`,
  );
  const names = namesOf(canDowngrade.hosts.nodes.map(({ host }: any) => host));
  expect(names).not.toEqual([]);
  await expectEverywhere({ conflicts: true }, names);
});

test.each([
  [{ freshness: ['LATE'] }, '`where.freshness` cannot have LATE without FRESH'],
  [{ agentVersionBelow: 'new' }, 'must begin with a number'],
  [{ changedSince: '2020-01-01T00:00:00Z' }, 'history is kept for 30 days'],
  [{ changedSince: '2036-01-01T00:00:00Z' }, 'must be before'],
])('%j is refused', async (where, message) => {
  for (const field of ['hosts(where: $where) { totalCount }', 'fleet(where: $where) { hosts }']) {
    const error = await registry.graphqlError(`query ($where: HostFilter) { ${field} }`, { where });
    expect(error).toMatchObject({
      message: expect.stringContaining(message),
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
});

test.each([
  [{ runningNames: Array(101).fill('a') }, 'the limit is 100 values of `runningNames`, found 101'],
  [{ not: [{ runningReleases: Array(101).fill('a') }] }, 'the limit is 100 values of `runningReleases`'],
  [
    { not: Array.from({ length: 21 }, () => ({ kernelPrefix: '6.' })) },
    'the limit is 20 exclusions of `not`, found 21',
  ],
])(
  'a filter with longer lists than can be tested on every situation is refused: %#',
  async (where, message) => {
    const error = await registry.graphqlError(
      'query ($where: HostFilter) { hosts(where: $where) { totalCount } }',
      {
        where,
      },
    );
    expect(error).toMatchObject({
      message: expect.stringContaining(message),
      extensions: { code: 'LIMIT_EXCEEDED' },
    });
  },
);

test.each([[{ agentVersions: ['0.9.0'] }], [{ agentVersionBelow: '1' }], [{ transition: 'STALLED' }]])(
  '%j of an earlier time is refused, because no history has it',
  async (where) => {
    for (const field of [
      'hosts(where: $where, asOf: $asOf) { totalCount }',
      'fleet(where: $where, asOf: $asOf) { hosts }',
    ]) {
      const query = `query ($where: HostFilter, $asOf: DateTime) { ${field} }`;
      const error = await registry.graphqlError(query, { where, asOf: then });
      expect(error.message).toContain('is known of the present only');
    }
    const { canDowngrade } = await registry.ask(
      'query ($where: HostFilter) { canDowngrade(to: { original: true }, where: $where) { snapshot { id } } }',
      { where },
    );
    expect(canDowngrade.snapshot.id).toBeNull();
  },
);

test('a snapshot of a filtered answer repeats it', async () => {
  const query = `query ($where: HostFilter, $snapshot: ID) {
    canDowngrade(to: { original: true }, where: $where, snapshot: $snapshot) {
      matched counts { total safe unknown } snapshot { id } hosts(first: 100) { nodes { host { hostname } } } } }`;
  const where = { kernelPrefix: '6.12.', not: { runningNames: ['lab_r_1v1_a'] } };
  const { canDowngrade: first } = await registry.ask(query, { where });
  await registry.report(idle('host-new', { host: { kernelRelease: KERNELS[1]! } }));
  const { canDowngrade: again } = await registry.ask(query, { where, snapshot: first.snapshot.id });
  expect(again).toEqual(first);
});
