import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '@klpreg/wire';
import { bootstrapToken } from '../src/access/bootstrap.js';
import { readConfig } from '../src/config.js';
import { CohortsStore } from '../src/store/counts/cohorts.store.js';
import { Database as Connections } from '../src/database/database.js';
import { isUnavailable } from '../src/database/unavailable.js';
import { TokensStore } from '../src/store/access/tokens.store.js';
import { PATCH, QUESTION, RECALL } from './crash/admins.js';
import { ask, type Endpoint, publish } from './crash/endpoint.js';
import { violations } from './crash/invariants.js';
import { ServerProcess } from './crash/processes.js';
import { compare, RoamingAgent } from './crash/roaming-agent.js';
import { select } from './crash/select.js';
import { copyDatabase, type Database } from './database.js';
import { Random } from './random.js';

/** Duration of the load. */
const LOAD_MS = 2_500;
/** Duration of the load on a busy machine, which has compared or rolled up nothing by then. */
const LONGEST_MS = 120_000;
const HOSTS = 40;
const random = new Random(Date.now() % 1_000_000);
const wrong: string[] = [];
const agents = Array.from({ length: HOSTS }, (_, i) => new RoamingAgent(`web-${i}`, random, wrong));

let dir: string;
let database: Database;
const servers: ServerProcess[] = [];
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'klpreg-several-'));
  database = await copyDatabase();
  // the first server makes the token, which all others then use
  await startServers(1);
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) await publish(endpoints()[0]!, name);
}, 180_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

const endpoints = (): Endpoint[] =>
  servers.map(({ url }) => ({ url, token: readFileSync(path.join(dir, 'admin-token'), 'utf8').trim() }));

/** Starts servers until there are n. */
async function startServers(n: number): Promise<void> {
  const missing = Array.from({ length: n - servers.length }, () =>
    ServerProcess.start(dir, { DATABASE_URL: database.url, KLPREG_DATABASE_CONNECTIONS: '5' }),
  );
  servers.push(...(await Promise.all(missing)));
}

/** Counts of what happened under load. */
interface Seen {
  same: number;
  rolledUp: number;
}

/** Rolls up as three more servers would, without a pause. */
async function rollUp(over: () => boolean, seen: Seen): Promise<void> {
  const connections = Array.from({ length: 3 }, () => new Connections({ url: database.url, connections: 1 }));
  const stores = connections.map((one) => new CohortsStore(one));
  for (; !over(); await sleep(10))
    for (const outcome of await Promise.allSettled(stores.map((store) => store.rollUp()))) {
      if (outcome.status === 'fulfilled') seen.rolledUp += outcome.value.batches;
      // as a server does: on a busy machine a connection may take too long
      else if (!isUnavailable(outcome.reason)) throw outcome.reason;
    }
  for (const one of connections) await one.$disconnect();
}

const stored = () =>
  select<{ id: string; report: string; digest: string; contact: string }>(
    database.url,
    `SELECT h.id, h.sequence AS report, h.digest, b.sequence AS contact
       FROM host h
       JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
      ORDER BY h.id`,
  );
const acknowledged = () =>
  agents
    .map(({ id, report, sequence }) => ({
      id,
      report: String(report!.sequence),
      digest: report!.digest,
      contact: String(sequence),
    }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
const pendingDeltas = async () =>
  (await select<{ n: number }>(database.url, 'SELECT count(*)::int AS n FROM cohort_delta'))[0]!.n;

test('three servers on one database lose nothing, count as the recount does, and give the same answers', async () => {
  await startServers(3);
  const began = Date.now();
  const seen: Seen = { same: 0, rolledUp: 0 };
  const over = () => Date.now() - began > (Math.min(seen.same, seen.rolledUp) > 0 ? LOAD_MS : LONGEST_MS);
  await Promise.all([
    compare(endpoints(), over, random, wrong, seen),
    rollUp(over, seen),
    ...agents.map((agent) => agent.run(endpoints(), over)),
  ]);
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(Math.min(seen.same, seen.rolledUp)).toBeGreaterThan(0);
  expect(await stored()).toEqual(acknowledged());
  expect(await violations(database.url)).toEqual([]);

  // the servers' own roll-ups do the rest
  for (const deadline = Date.now() + 5_000; (await pendingDeltas()) > 0 && Date.now() < deadline;)
    await sleep(100);
  expect(await pendingDeltas()).toBe(0);
  expect(await select(database.url, 'SELECT sum(hosts)::int AS hosts FROM cohort')).toEqual([
    { hosts: HOSTS },
  ]);
  expect(await violations(database.url)).toEqual([]);
  const { canDowngrade } = await ask(endpoints()[0]!, QUESTION);
  expect(canDowngrade.matched).toBe(HOSTS);
  for (const endpoint of endpoints())
    expect((await ask(endpoint, QUESTION, { snapshot: canDowngrade.snapshot.id })).canDowngrade).toEqual(
      canDowngrade,
    );
}, 240_000);

test('a patch that is recalled through one server is recalled for the next question to another', async () => {
  const codes = async (endpoint: Endpoint) =>
    (await ask(endpoint, QUESTION)).canDowngrade.reasons.nodes.map(({ reason }: any) => reason.code);
  for (let i = 0; i < 5; i++) {
    const [one, other] = random.shuffled(endpoints());
    expect(await ask(one!, RECALL, { id: PATCH, recalled: true })).not.toBeNull();
    expect(await codes(other!)).toContain('TARGET_RECALLED');
    expect(await ask(other!, RECALL, { id: PATCH, recalled: false })).not.toBeNull();
    expect(await codes(one!)).not.toContain('TARGET_RECALLED');
  }
});

test('if servers start at once on an empty database, the token in the file is the valid one', async () => {
  const connections = new Connections({ url: database.url, connections: 8 });
  const tokens = new TokensStore(connections);
  try {
    for (let i = 0; i < 5; i++) {
      await connections.token.deleteMany();
      await Promise.all(
        Array.from({ length: 8 }, () => bootstrapToken(tokens, readConfig({ KLPREG_DATA: dir }), new Date())),
      );
      expect(
        await tokens.find(sha256(readFileSync(path.join(dir, 'admin-token'), 'utf8').trim()), new Date()),
      ).toMatchObject({ role: 'admin' });
    }
  } finally {
    await connections.$disconnect();
  }
});
