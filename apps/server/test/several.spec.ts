import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootstrapToken } from '../src/access/bootstrap.js';
import { readConfig } from '../src/config.js';
import { CohortsStore } from '../src/store/counts/cohorts.store.js';
import { Database as Connections } from '../src/database/database.js';
import { isUnavailable } from '../src/database/unavailable.js';
import { TokensStore } from '../src/store/access/tokens.store.js';
import { ask, type Door, publish } from './crash/door.js';
import { PATCH, QUESTION, RECALL } from './crash/people.js';
import { ServerProcess } from './crash/processes.js';
import { Random } from './crash/random.js';
import { exceptions, select } from './crash/truths.js';
import { compare, Wandering } from './crash/wandering.js';
import { copyDatabase, type Database } from './database.js';

/** So long there is load, and longer where by then nothing has been compared or folded: on a busy machine. */
const LOAD_MS = 2_500;
const LONGEST_MS = 20_000;
const HOSTS = 40;
const random = new Random(Date.now() % 1_000_000);
const wrong: string[] = [];
const agents = Array.from({ length: HOSTS }, (_, i) => new Wandering(`web-${i}`, random, wrong));

let dir: string;
let database: Database;
const servers: ServerProcess[] = [];
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'klpreg-several-'));
  database = await copyDatabase();
  // the first one makes the token, which all others then know
  await begin(1);
  for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) await publish(doors()[0]!, name);
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.kill()));
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

const doors = (): Door[] =>
  servers.map(({ url }) => ({ url, token: readFileSync(path.join(dir, 'admin-token'), 'utf8').trim() }));

/** As many servers as that, with those that are there. */
async function begin(n: number): Promise<void> {
  const missing = Array.from({ length: n - servers.length }, () =>
    ServerProcess.start(dir, { DATABASE_URL: database.url, KLPREG_DATABASE_CONNECTIONS: '5' }),
  );
  servers.push(...(await Promise.all(missing)));
}

/** What has happened under load. */
interface Seen {
  same: number;
  folded: number;
}

/** Folds as three more servers would, without a pause. */
async function fold(over: () => boolean, seen: Seen): Promise<void> {
  const connections = Array.from({ length: 3 }, () => new Connections({ url: database.url, connections: 1 }));
  const stores = connections.map((one) => new CohortsStore(one));
  for (; !over(); await sleep(10))
    for (const outcome of await Promise.allSettled(stores.map((store) => store.rollUp()))) {
      if (outcome.status === 'fulfilled') seen.folded += outcome.value.batches;
      // as a server does: on a busy machine a connection may take too long
      else if (!isUnavailable(outcome.reason)) throw outcome.reason;
    }
  for (const one of connections) await one.$disconnect();
}

const stored = () =>
  select<{ id: string; report: string; digest: string; contact: string }>(
    database.url,
    'SELECT h.id, h.sequence AS report, h.digest, b.sequence AS contact FROM host h JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id ORDER BY h.id',
  );
const said = () =>
  agents
    .map(({ id, report, sequence }) => ({
      id,
      report: String(report!.sequence),
      digest: report!.digest,
      contact: String(sequence),
    }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
const unfolded = async () =>
  (await select<{ n: number }>(database.url, 'SELECT count(*)::int AS n FROM cohort_delta'))[0]!.n;

test.each([2, 4])(
  '%i servers on one database: nothing is lost, counts equal the recount, and all give the same answers',
  async (n) => {
    await begin(n);
    const began = Date.now();
    const seen: Seen = { same: 0, folded: 0 };
    const over = () => Date.now() - began > (Math.min(seen.same, seen.folded) > 0 ? LOAD_MS : LONGEST_MS);
    await Promise.all([
      compare(doors(), over, random, wrong, seen),
      fold(over, seen),
      ...agents.map((agent) => agent.live(doors(), over)),
    ]);
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(Math.min(seen.same, seen.folded)).toBeGreaterThan(0);
    expect(await stored()).toEqual(said());
    expect(await exceptions(database.url)).toEqual([]);

    // the servers' own folds do the rest
    for (const deadline = Date.now() + 5_000; (await unfolded()) > 0 && Date.now() < deadline;)
      await sleep(100);
    expect(await unfolded()).toBe(0);
    expect(await select(database.url, 'SELECT sum(hosts)::int AS hosts FROM cohort')).toEqual([
      { hosts: HOSTS },
    ]);
    expect(await exceptions(database.url)).toEqual([]);
    const { canDowngrade } = await ask(doors()[0]!, QUESTION);
    expect(canDowngrade.matched).toBe(HOSTS);
    for (const door of doors())
      expect((await ask(door, QUESTION, { snapshot: canDowngrade.snapshot.id })).canDowngrade).toEqual(
        canDowngrade,
      );
  },
  60_000,
);

test('a patch that is recalled through one server is recalled for the next question to another', async () => {
  const codes = async (door: Door) =>
    (await ask(door, QUESTION)).canDowngrade.reasons.nodes.map(({ reason }: any) => reason.code);
  for (let i = 0; i < 5; i++) {
    const [one, other] = random.shuffled(doors());
    expect(await ask(one!, RECALL, { id: PATCH, recalled: true })).not.toBeNull();
    expect(await codes(other!)).toContain('TARGET_RECALLED');
    expect(await ask(other!, RECALL, { id: PATCH, recalled: false })).not.toBeNull();
    expect(await codes(one!)).not.toContain('TARGET_RECALLED');
  }
});

test('of servers that start at once on an empty database, the token in the file is the one that counts', async () => {
  const connections = new Connections({ url: database.url, connections: 8 });
  const tokens = new TokensStore(connections);
  try {
    for (let i = 0; i < 5; i++) {
      await connections.token.deleteMany();
      await Promise.all(
        Array.from({ length: 8 }, () => bootstrapToken(tokens, readConfig({ KLPREG_DATA: dir }), new Date())),
      );
      expect(
        await tokens.find(readFileSync(path.join(dir, 'admin-token'), 'utf8').trim(), new Date()),
      ).toMatchObject({ role: 'admin' });
    }
  } finally {
    await connections.$disconnect();
  }
});
