import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '@klpreg/wire';
import pg from 'pg';
import { PATCH, QUESTION, RECALL } from './crash/admins.js';
import { ask, type Endpoint, post, publish } from './crash/endpoint.js';
import { PostgresProcess, ServerProcess } from './crash/processes.js';
import { Replica } from './crash/replica.js';
import { select } from './crash/select.js';
import { later, listed, logged, running } from './registry.js';
import { subscribe } from './subscribe.js';

const LABEL = `mutation ($id: ID!, $role: String!) {
  labelHost(id: $id, labels: [{ key: "role", value: $role }]) { labels { key value } } }`;

// several servers are started, on a machine that may be busy
jest.setTimeout(120_000);

let dir: string;
let primary: PostgresProcess;
let replica: Replica;
const servers: ServerProcess[] = [];
/** `direct` reads from the primary, `remote` from the replica. */
let direct: Endpoint;
let remote: Endpoint;

beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'klpreg-replica-'));
  const folder = path.join(dir, 'primary');
  primary = await PostgresProcess.start(folder, { fsync: 'off', wal_keep_size: '256MB' });
  servers.push(await ServerProcess.start(dir, { DATABASE_URL: primary.url }));
  replica = await Replica.follow(primary.url, folder, path.join(dir, 'replica'));
  servers.push(await ServerProcess.start(dir, { DATABASE_URL: primary.url, DATABASE_READ_URL: replica.url }));
  const token = readFileSync(path.join(dir, 'admin-token'), 'utf8').trim();
  [direct, remote] = servers.map(({ url }) => ({ url, token })) as [Endpoint, Endpoint];
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) await publish(direct, name);
}, 180_000);
afterAll(async () => {
  for (const server of servers) await server.kill();
  await replica?.stop();
  await primary?.stop();
  rmSync(dir, { recursive: true, force: true });
});
afterEach(async () => {
  const [{ standby } = { standby: false }] = await select<{ standby: boolean }>(
    replica.url,
    'SELECT pg_is_in_recovery() AS standby',
  );
  if (standby) await replica.resume();
});

let sequence = 2;
const question = async (endpoint: Endpoint, variables: Record<string, unknown> = {}) =>
  (await ask(endpoint, QUESTION, variables))?.canDowngrade;
const report = async (report: Report) =>
  expect(await post(direct, '/v1/reports', report)).toMatchObject({ status: 200 });
const stackOf = async (endpoint: Endpoint, hostname: string): Promise<string[]> =>
  (
    await ask(endpoint, 'query ($hostname: String) { host(hostname: $hostname) { stack { name } } }', {
      hostname,
    })
  ).host?.stack.map(({ name }: { name: string }) => name);

test('an answer from the replica has a report within a few seconds', async () => {
  await report(running('web-1', ['lab_r_1v1_a']));
  for (
    const deadline = Date.now() + 5_000;
    (await stackOf(remote, 'web-1')) === undefined && Date.now() < deadline;
  )
    await sleep(20);
  expect(await stackOf(remote, 'web-1')).toEqual(['lab_r_1v1_a']);
});

test('the replica answers questions, and a mutation returns its own change while the replica is behind', async () => {
  const host = running('web-2', ['lab_r_1v1_a']);
  await report(host);
  await replica.catchUp();
  await replica.pause();
  const id = host.host.instance;
  expect((await ask(remote, LABEL, { id, role: 'web' })).labelHost.labels).toEqual([
    expect.objectContaining({ key: 'role', value: 'web' }),
  ]);
  await report(later(host, { livepatches: [listed('lab_r_1v2_a')] }));
  expect(await stackOf(direct, 'web-2')).toEqual(['lab_r_1v2_a']);
  expect(await stackOf(remote, 'web-2')).toEqual(['lab_r_1v1_a']);
  await replica.resume();
  expect(await stackOf(remote, 'web-2')).toEqual(['lab_r_1v2_a']);
});

test('people see how far the replica is behind', async () => {
  const lagOf = async (endpoint: Endpoint) =>
    (await ask(endpoint, '{ registry { replicaLagSeconds } }')).registry.replicaLagSeconds as number | null;
  expect(await lagOf(direct)).toBeNull();
  await replica.catchUp();
  await replica.pause();
  await report(running('behind', []));
  expect(await lagOf(remote)).toBeGreaterThan(0);
  await replica.resume();
  let lag = await lagOf(remote);
  // the roll-up of each second is soon replayed
  for (let tries = 0; tries < 1000 && lag !== 0; tries++) lag = await lagOf(remote);
  expect(lag).toBe(0);
});

test('the replica can judge the hosts of an answer about the present by any maxAge', async () => {
  await report(logged(running('web-9', ['lab_r_1v1_a'])));
  await replica.catchUp();
  const nested = (to: string) =>
    `{ canDowngrade(to: ${to}, where: { hostnames: ["web-9"] }) {
      hosts { nodes { host { canDowngrade(to: ${to}, maxAge: "60s") { kind } } } } } }`;
  for (const endpoint of [direct, remote])
    expect(await ask(endpoint, nested('{ name: "lab_r_1v1_a" }'))).toEqual({
      canDowngrade: { hosts: { nodes: [{ host: { canDowngrade: { kind: 'SAFE' } } }] } },
    });
});

test('a server repeats the answer of the other for the same snapshot', async () => {
  await report(running('web-3', ['lab_r_1v2_a']));
  await replica.catchUp();
  for (const [first, second] of [
    [direct, remote],
    [remote, direct],
  ] as const) {
    const answer = await question(first);
    await report(later(running('web-3', []), { sequence: sequence++ }));
    await replica.catchUp();
    expect(await question(second, { snapshot: answer.snapshot.id })).toEqual(answer);
  }
});

test('a replica that is behind repeats an answer of the primary for the same snapshot', async () => {
  await replica.catchUp();
  await replica.pause();
  await report(running('web-4', ['lab_r_1v2_a']));
  const answer = await question(direct);
  expect(await question(remote, { snapshot: answer.snapshot.id })).toEqual(answer);
});

test('a transaction in progress is not in an answer of the replica, nor in the repeated answer', async () => {
  const slow = running('web-5', ['lab_r_1v1_a']);
  await report(slow);
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM host_heartbeat WHERE host_id = $1 FOR UPDATE', [slow.host.instance]);
  const waiting = report(later(slow, { livepatches: [] })); // has started, and waits for that row
  await sleep(300);
  await report(running('web-6', [])); // is committed after the other has started
  await replica.catchUp();
  const answer = await question(remote);
  expect(answer.matched).toBeGreaterThan(1);
  await client.query('ROLLBACK');
  await client.end();
  await waiting;
  await replica.catchUp();
  for (const endpoint of [remote, direct])
    expect(await question(endpoint, { snapshot: answer.snapshot.id })).toEqual(answer);
});

test('a replica that is behind does not cache an old catalog as the new revision', async () => {
  await report(running('web-7', ['lab_r_1v2_a']));
  await replica.catchUp();
  await replica.pause();
  await question(remote);
  await ask(direct, RECALL, { id: PATCH, recalled: true });
  const answer = await question(direct);
  await question(remote, { snapshot: answer.snapshot.id }); // its revision is not on the replica yet
  await replica.resume();
  const codes = (await question(remote)).reasons.nodes.map(({ reason }: any) => reason.code);
  expect(codes).toContain('TARGET_RECALLED');
});

test('an answer of the replica is by the policy that it has, and names it', async () => {
  await report(logged(running('web-8', ['lab_r_1v1_a'])));
  const ruled = async (endpoint: Endpoint) =>
    (
      await ask(
        endpoint,
        `{ canDowngrade(to: { name: "lab_r_1v1_a" }, where: { hostnames: ["web-8"] }) {
          kind snapshot { policyRevision } } }`,
      )
    ).canDowngrade;
  await replica.catchUp();
  const before = await ruled(remote);
  await replica.pause();
  const document = JSON.stringify({
    schema: 'policy/v1',
    rules: [{ name: 'all', raise: ['DATA_SEMANTICS_NOT_PROVEN'] }],
  });
  const applied = await ask(
    direct,
    'mutation ($d: String!) { applyPolicy(document: $d, reason: "a test") { policy { revision } } }',
    { d: document },
  );
  const { revision } = applied.applyPolicy.policy;
  expect(await ruled(direct)).toMatchObject({ snapshot: { policyRevision: revision } });
  // behind: the whole answer is of the time before
  expect(await ruled(remote)).toEqual(before);
  await replica.resume();
  expect(await ruled(remote)).toEqual(await ruled(direct));
});

test('a subscription on a replica that is behind sends a change once the replica has it', async () => {
  const where = { hostnames: ['web-12'] };
  const query = 'subscription ($where: HostFilter) { hostChanged(where: $where) { hosts { hostname } } }';
  const events = await subscribe(remote.url, query, { where }, { authorization: `Bearer ${remote.token}` });
  const received: any[] = [];
  void events.next().then((found) => received.push(found));
  // what changes before the first question is answered has no event
  for (let n = 1; received.length === 0; n += 1, await sleep(500)) {
    await replica.pause();
    const list = n % 2 === 0 ? [] : ['lab_r_1v1_a'];
    await report(logged(running('web-12', list, { sequence: n } as never)));
    await replica.resume();
  }
  expect(received[0].data.hostChanged.hosts).toEqual([{ hostname: 'web-12' }]);
  await events.close();
});

test('a replica that is down stops neither ingest nor questions, and is used again after its restart', async () => {
  const host = running('web-10', ['lab_r_1v1_a']);
  const send = async (body: Report) =>
    expect(await post(remote, '/v1/reports', body)).toMatchObject({ status: 200 });
  await send(host);
  await replica.catchUp();
  const old = await question(remote);
  await replica.stop();
  await send(later(host, { livepatches: [listed('lab_r_1v2_a')] }));
  expect(await stackOf(remote, 'web-10')).toEqual(['lab_r_1v2_a']);
  const answer = await question(remote);
  expect(answer.matched).toBe(old.matched);
  expect(await question(remote, { snapshot: answer.snapshot.id })).toEqual(answer);
  expect(await question(remote, { snapshot: old.snapshot.id })).toEqual(old);
  expect(
    await ask(remote, '{ states(first: 1) { nodes { stateId } } patches(first: 1) { nodes { name } } }'),
  ).not.toBeNull();
  expect((await fetch(`${remote.url}/readyz`)).status).toBe(200);

  await replica.restart();
  await replica.catchUp();
  await replica.pause();
  await send(later(host, { sequence: 3, livepatches: [] }));
  // a replica that is behind gives the older answer
  for (
    let stack = await stackOf(remote, 'web-10');
    stack.length === 0;
    stack = await stackOf(remote, 'web-10')
  )
    await sleep(100);
  expect(await stackOf(remote, 'web-10')).toEqual(['lab_r_1v2_a']);
});

test('a server no longer reads from a replica that was promoted', async () => {
  await select(replica.url, 'SELECT pg_promote()');
  await report(running('web-11', ['lab_r_1v1_a']));
  while ((await stackOf(remote, 'web-11')) === undefined) await sleep(100);
  expect(await stackOf(remote, 'web-11')).toEqual(['lab_r_1v1_a']);
  const answer = await question(remote);
  expect(await question(direct, { snapshot: answer.snapshot.id })).toEqual(answer);
});
