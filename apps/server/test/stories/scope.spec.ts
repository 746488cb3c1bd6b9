import { Database } from '../../src/database/database.js';
import { giveToken } from '../access/give-token.js';
import { type FleetHost, instanceOf, reportOf, startFleet } from '../access/scoped-fleet.js';
import { idle, later, type Registry } from '../registry.js';

jest.setTimeout(240_000);

const OWN: readonly FleetHost[] = [
  { hostname: 'web-1', labels: { env: 'prod', role: 'web' }, own: {}, life: 'PATCHED' },
  { hostname: 'web-2', labels: { env: 'prod', role: 'web' }, own: { site: 'ams' }, life: 'IDLE' },
];
/** A host of another environment, which says that it is one of prod. */
const FOREIGN: FleetHost = {
  hostname: 'secret-db',
  labels: { env: 'hidden', owner: 'hidden-team' },
  own: { env: 'prod', rack: 'hidden-rack' },
  life: 'IDLE',
  kernelRelease: '6.66.6-hidden',
};
const TRACES = ['secret', 'hidden', instanceOf(FOREIGN), idOf(FOREIGN)];

let registry: Registry;
let reader: Record<string, string>;
let admin: Record<string, string>;
beforeAll(async () => {
  registry = await startFleet([...OWN, FOREIGN]);
  const scope = { env: ['prod'] };
  reader = await giveToken(registry, 'reader', { scope });
  admin = await giveToken(registry, 'admin', { scope });
});
afterAll(async () => registry.stop());

function idOf(host: FleetHost): string {
  return Buffer.from(`Host:${instanceOf(host)}`).toString('base64url');
}

const send = async (query: string, variables: object = {}, headers = reader) =>
  (await registry.send<any>('POST', '/graphql', { query, variables }, headers)).body;

const HOST = `id hostname kernelRelease labels { key value } freshness { confirmedAt contactAt }
  canDowngrade(to: { original: true }) { kind reasons { text } }`;
const FLEET = `kind matched limitedByScope counts { total safe unknown unsafe refused harmful accepted }
  reasons { totalCount nodes { hosts reason { text } } }
  cohorts { totalCount nodes { hosts kernelRelease examples labels { key value } } }
  groups: cohorts(by: [KERNEL], labels: ["env", "owner", "rack"]) {
    totalCount nodes { hosts kernelRelease examples labels { key value } } }
  hosts(first: 100) { totalCount nodes { host { ${HOST} } } }`;
const LIST = `query ($where: HostFilter, $first: Int, $after: String, $last: Int, $before: String, $asOf: DateTime) {
  hosts(where: $where, first: $first, after: $after, last: $last, before: $before, asOf: $asOf) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { ${HOST} } } }`;
const ASK = `query ($where: HostFilter, $asOf: DateTime, $snapshot: ID) {
  canDowngrade(to: { original: true }, where: $where, asOf: $asOf, snapshot: $snapshot) { ${FLEET} } }`;

const NUMBERS = `query ($where: HostFilter, $asOf: DateTime, $from: DateTime!, $ofNow: Boolean!) {
  fleet(where: $where, asOf: $asOf) { limitedByScope hosts kernels { value hosts } freshness { value hosts } }
  verdictCounts(to: { original: true }, where: $where, by: [KERNEL], labels: ["env", "owner"], asOf: $asOf) {
    group total }
  canDeploy(what: { name: "lab_r_1v2_a" }, where: $where, asOf: $asOf) {
    kind matched limitedByScope noReturn ways { openToday lost groups { runs kernelRelease } } }
  canary(where: $where) { limitedByScope stacks represented leftOut hosts { hostname kernelRelease } }
  drift(to: { original: true }, where: $where, from: $from) @skip(if: $ofNow) {
    matched limitedByScope transitions { hosts } groups { nodes { runs kernel examples } } }
  plan(to: { original: true }, where: $where, asOf: $asOf) {
    matched limitedByScope groups { nodes { hosts kernelRelease runs examples } }
    blockedGroups { nodes { hosts kernelRelease runs examples } } drain(by: "rack") { hosts } }
  newestSafe(where: $where) { release tried { why counts { total } } } }`;

const { id, hostname, labels, own, kernelRelease } = { id: instanceOf(FOREIGN), ...FOREIGN };
const FILTERS: readonly object[] = [
  {},
  { hostnames: [hostname] },
  { ids: [id] },
  { ids: [idOf(FOREIGN)] },
  { ids: [id, instanceOf(OWN[0]!)] },
  { kernelReleases: [kernelRelease] },
  { kernelPrefix: '6.66.' },
  { not: { kernelPrefix: '7.3' }, freshness: ['FRESH'] },
  { boot: ['UNKNOWN'], suspect: false, transition: 'NONE' },
  { agentVersions: ['0.1.0'] },
  { labels: [{ key: 'env', in: [labels['env']] }] },
  { labels: [{ key: 'env', in: [labels['env']] }], authoritativeLabels: true },
  { labels: [{ key: 'env', notIn: ['prod'] }] },
  { labels: [{ key: 'agent.env', in: ['prod'] }] },
  { labels: [{ key: 'agent.rack', exists: true }] },
  { labels: [{ key: 'owner', exists: true }] },
  { labels: [{ key: 'rack', in: [own['rack']] }] },
];
const CURSOR = Buffer.from(JSON.stringify(['HOSTNAME ASC', hostname, id])).toString('base64url');

test('all hosts are there, for an admin without a scope', async () => {
  expect((await registry.ask(LIST)).hosts).toMatchObject({ totalCount: 3 });
});

test.each(FILTERS.map((where) => [where]))('%j shows nothing of the other host', async (where) => {
  const present = new Date(registry.now().getTime() - 1000).toISOString();
  // a second ago no host had reported
  for (const variables of 'agentVersions' in where || 'boot' in where ? [{}] : [{}, { asOf: present }]) {
    const list = await send(LIST, { where, ...variables });
    const answer = await send(ASK, { where, ...variables });
    const isForeign = ['labels', 'hostnames', 'kernelReleases', 'kernelPrefix', 'not'].some(
      (key) => key in where,
    );
    const own = isForeign ? 0 : 2;
    const isMixed = JSON.stringify(where).includes(instanceOf(OWN[0]!));
    const found = isMixed ? 1 : 'ids' in where ? 0 : own;
    expect(list.data.hosts.totalCount).toBe(found);
    expect(answer.data.canDowngrade).toMatchObject({
      matched: found,
      counts: { total: found },
      limitedByScope: true,
      hosts: { totalCount: found },
    });
    expect(answer.data.canDowngrade.kind).not.toBe('SAFE');
    // no earlier time has the versions of agents, so that they cannot drift
    const ofNow = 'agentVersions' in where;
    const numbers = await send(NUMBERS, { where, from: present, ofNow, ...variables });
    expect(numbers.data).toMatchObject({
      fleet: { hosts: found, limitedByScope: true },
      canDeploy: { matched: found, limitedByScope: true },
      plan: { matched: found, limitedByScope: true },
      ...(!ofNow && { drift: { matched: found, limitedByScope: true } }),
      canary: { represented: found, leftOut: 0, limitedByScope: true },
      // hosts of the scope may not be all that match
      newestSafe: { release: null },
    });
    expect(numbers.data.verdictCounts.reduce((sum: number, row: any) => sum + row.total, 0)).toBe(found);
    for (const trace of TRACES) expect(JSON.stringify([list, answer, numbers])).not.toContain(trace);
  }
});

test('its id, its name and its node are unknown, and a name that it shares is not ambiguous', async () => {
  const query =
    'query ($id: ID!, $name: String) { node(id: $id) { id } host(id: ' +
    '$id) { id } named: host(hostname: $name) { id } }';
  expect(await send(query, { id: idOf(FOREIGN), name: hostname })).toEqual({
    data: { node: null, host: null, named: null },
    // of the question alone
    extensions: { cost: { requested: 6, limit: 50_000 } },
  });
  const twin: FleetHost = { hostname: 'twin', labels: { env: 'prod' }, own: {}, life: 'IDLE' };
  for (const [env, serial] of [
    ['prod', 'a'],
    ['hidden', 'b'],
  ] as const) {
    const host = { ...reportOf(twin).host, instance: `0190a000-0000-7000-8000-00000000000${serial}` };
    const input = { id: host.instance, hostname: 'twin', labels: [{ key: 'env', value: env }] };
    await registry.ask('mutation ($input: AddHostInput!) { addHost(input: $input) { id } }', { input });
  }
  const { data } = await send('{ host(hostname: "twin") { labels { key value } } }');
  expect(data.host.labels).toEqual([{ key: 'env', value: 'prod' }]);
  expect((await registry.graphqlError('{ host(hostname: "twin") { id } }')).extensions.code).toBe(
    'AMBIGUOUS',
  );
});

test('cursors of an unscoped list, forwards and backwards, lead to own hosts only', async () => {
  for (const page of [{ first: 1, after: CURSOR }, { last: 2, before: CURSOR }, { first: 100 }]) {
    const answer = await send(LIST, page);
    for (const trace of TRACES) expect(JSON.stringify(answer)).not.toContain(trace);
  }
});

test('a snapshot of an unscoped answer gives the counts of the scope, and the past too', async () => {
  const { canDowngrade: whole } = await registry.ask(
    '{ canDowngrade(to: { original: true }) { matched snapshot { id } } }',
  );
  const scoped = (await send(ASK)).data.canDowngrade;
  const again = (await send(ASK, { snapshot: whole.snapshot.id })).data.canDowngrade;
  expect(again).toEqual(scoped);
  expect(whole.matched).toBeGreaterThan(scoped.matched);
  expect(atob(whole.snapshot.id)).not.toMatch(/hidden|secret/);
});

test('counts of hosts by state are those of the scope', async () => {
  const query = '{ states { nodes { versions { version hosts } } } }';
  const patched: FleetHost = { hostname: 'secret-2', labels: { env: 'hidden' }, own: {}, life: 'PATCHED' };
  await registry.report(reportOf(patched));
  const [{ versions }] = (await send(query)).data.states.nodes;
  const [{ versions: whole }] = (await registry.ask(query)).states.nodes;
  expect([versions[0].hosts, whole[0].hosts]).toEqual([1, 2]);
});

test('metrics and the audit log are refused, because they are about the whole fleet', async () => {
  expect((await registry.send('GET', '/metrics', undefined, reader)).status).toBe(403);
  expect((await send('{ auditLog(first: 1) { totalCount } }', {}, admin)).errors[0].extensions.code).toBe(
    'FORBIDDEN',
  );
});

test('an admin with a scope does not find the other host, whatever it wants to change', async () => {
  const before = await registry.app.get(Database).host.findMany({ where: { id } });
  for (const change of [
    'retireHost(id: $id, reason: "x") { id }',
    'releaseHost(id: $id, reason: "x") { id }',
    'resetHostSequence(id: $id, reason: "x") { id }',
    `setBootBaseline(id: $id, bootId: "${reportOf(FOREIGN).host.bootId}", reason: "x") { id }`,
    'labelHost(id: $id, labels: [{ key: "env", value: "prod" }]) { id }',
  ]) {
    const mutation = `mutation ($id: ID!) { ${change} }`;
    const unknown = '0190a000-0000-7000-8000-ffffffffffff';
    const error = (await send(mutation, { id }, admin)).errors[0];
    const other = (await send(mutation, { id: unknown }, admin)).errors[0];
    expect(error).toMatchObject({ extensions: { code: 'NOT_FOUND' } });
    expect(error.message.replace(id, '')).toBe(other.message.replace(unknown, ''));
  }
  expect(await registry.app.get(Database).host.findMany({ where: { id } })).toEqual(before);
});

test('an admin with a scope gives labels within it only, and does not choose ids', async () => {
  const add = 'mutation ($input: AddHostInput!) { addHost(input: $input) { labels { key value } } }';
  const code = async (input: object) =>
    (await send(add, { input }, admin)).errors?.[0].extensions.code ?? null;
  const prod = [{ key: 'env', value: 'prod' }];
  expect(await code({ hostname: 'new-1' })).toBe('FORBIDDEN');
  expect(await code({ hostname: 'new-1', labels: [{ key: 'env', value: 'hidden' }] })).toBe('FORBIDDEN');
  expect(await code({ hostname: 'new-1', labels: prod, id })).toBe('FORBIDDEN');
  expect(await code({ hostname: 'new-1', labels: prod })).toBeNull();
  const label = 'mutation ($id: ID!, $labels: [LabelInput!]!) { labelHost(id: $id, labels: $labels) { id } }';
  const own = instanceOf(OWN[1]!);
  for (const labels of [[], [{ key: 'env', value: 'hidden' }], [{ key: 'role', value: 'web' }]])
    expect((await send(label, { id: own, labels }, admin)).errors[0].extensions.code).toBe('FORBIDDEN');
  expect((await send(label, { id: own, labels: prod }, admin)).errors).toBeUndefined();
});

test('a host that says that it is in the scope is not', async () => {
  const pretender = idle('pretender', { host: { labels: { env: 'prod' } } });
  await registry.report(pretender);
  await registry.report(later(pretender, { taint: 0 }));
  expect((await send('{ host(hostname: "pretender") { id } }')).data.host).toBeNull();
  expect((await registry.ask('{ host(hostname: "pretender") { id } }')).host).not.toBeNull();
});

test.each<[string, object, boolean]>([
  [
    'it names the scope, by authoritative labels',
    { labels: [{ key: 'env', in: ['prod'] }], authoritativeLabels: true },
    false,
  ],
  ['own labels count', { labels: [{ key: 'env', in: ['prod'] }] }, true],
  [
    'another value is allowed',
    { labels: [{ key: 'env', in: ['prod', 'hidden'] }], authoritativeLabels: true },
    true,
  ],
  ['it names other values', { labels: [{ key: 'env', notIn: ['hidden'] }], authoritativeLabels: true }, true],
  ['it names another label', { labels: [{ key: 'role', in: ['web'] }], authoritativeLabels: true }, true],
  ['it names hosts', { ids: [instanceOf(OWN[0]!)], authoritativeLabels: true }, true],
  [
    'it names the scope and more',
    {
      labels: [
        { key: 'env', in: ['prod'] },
        { key: 'role', in: ['web'] },
      ],
      authoritativeLabels: true,
    },
    false,
  ],
])('a question is limited by the scope: %s', async (_name, where, limited) => {
  expect((await send(ASK, { where })).data.canDowngrade.limitedByScope).toBe(limited);
});

test('a relay with a scope sends for its hosts only, and each message of a batch is checked', async () => {
  const relay = await giveToken(registry, 'relay', { scope: { env: ['prod'] } });
  const stored = await registry.app.get(Database).host.findMany({ where: { id } });
  const own = later(later(later(reportOf(OWN[0]!))));
  const foreign = later(later(reportOf(FOREIGN)));
  const unknown = idle('never-seen', { host: { labels: { env: 'prod' } } });
  const post = async (url: string, body: object) => registry.send<any>('POST', url, body, relay);
  const heartbeat = ({ host, digest, sequence, clock }: typeof own) => ({
    schema: 'heartbeat/v1',
    instance: host.instance,
    bootId: host.bootId,
    sequence: sequence + 1,
    digest,
    clock,
  });
  expect(await post('/v1/reports', foreign)).toMatchObject({
    status: 404,
    body: { code: 'NOT_FOUND', errors: [{ pointer: '/host/instance' }] },
  });
  expect(await post('/v1/reports', unknown)).toMatchObject({ status: 404 });
  expect(await post('/v1/heartbeats', heartbeat(foreign))).toMatchObject({ status: 404 });
  expect(await post('/v1/reports', own)).toMatchObject({ status: 200 });
  expect(await post('/v1/heartbeats', heartbeat(own))).toMatchObject({ status: 200 });
  const batch = await post('/v1/reports:batch', [foreign, {}, later(later(own))]);
  expect(batch.body.results).toMatchObject([
    { code: 'NOT_FOUND' },
    { code: 'BAD_USER_INPUT' },
    { outcome: 'UNCHANGED' },
  ]);
  expect(await registry.app.get(Database).host.findMany({ where: { id } })).toEqual(stored);
});

test('of a host that has left the scope, an earlier time shows nothing that is known of the present only', async () => {
  const moved = { hostname: 'web-3', labels: { env: 'prod' }, own: {}, life: 'IDLE' } as const;
  const report = reportOf(moved);
  const { instance } = report.host;
  const label = `mutation ($id: ID!, $env: String!) {
    labelHost(id: $id, labels: [{ key: "env", value: $env }]) { id } }`;
  await registry.report(report);
  await registry.ask(label, { id: instance, env: 'prod' });
  registry.wait(1, 'minutes');
  const asOf = registry.now().toISOString();
  registry.wait(1, 'minutes');
  await registry.ask(label, { id: instance, env: 'hidden' });
  await registry.report(later(report, { warnings: ['hidden'], agent: { version: '9.9.9' } } as never));
  const query = `query ($id: ID!, $asOf: DateTime) {
    host(id: $id, asOf: $asOf) { hostname warnings agent { version } }
    hosts(where: { ids: [$id] }, asOf: $asOf) { nodes { hostname warnings agent { version } } } }`;
  const shown = (host: object) => ({ data: { host, hosts: { nodes: [host] } } });
  const variables = { id: instance, asOf };
  expect(await send(query, variables)).toMatchObject(shown({ hostname: 'web-3', warnings: [], agent: null }));
  const all = { hostname: 'web-3', warnings: ['hidden'], agent: { version: '9.9.9' } };
  expect({ data: await registry.ask(query, variables) }).toEqual(shown(all));
});
