import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ask, post, publish } from './crash/door.js';
import { PostgresProcess, ServerProcess } from './crash/processes.js';
import { Random } from './crash/random.js';
import { Siege, VICTIMS } from './crash/rounds.js';
import { select } from './crash/truths.js';

/** `npm run check:crashes` has 50. */
const ROUNDS = Number(process.env['ROUNDS'] ?? 2);
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

let dir: string;
let database: PostgresProcess;
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'klpreg-crash-'));
  database = await PostgresProcess.start(path.join(dir, 'postgres'));
});
afterAll(async () => {
  await database.stop();
  rmSync(dir, { recursive: true, force: true });
});

test(
  `${ROUNDS} times killed under load: what was acknowledged is there, every count equals the recount, and what was answered is answered again`,
  async () => {
    const random = new Random(SEED);
    const siege = new Siege(database, dir, () => readFileSync(path.join(dir, 'admin-token'), 'utf8').trim(), random);
    await siege.start();
    try {
      for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) await publish(siege.door, name);
      const kills = new Map<string, number>();
      let victims: (typeof VICTIMS)[number][] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        if (victims.length === 0) victims = random.shuffled(VICTIMS);
        const victim = victims.pop()!;
        kills.set(victim, (kills.get(victim) ?? 0) + 1);
        expect({ seed: SEED, round, wrong: await siege.round(victim) }).toEqual({ seed: SEED, round, wrong: [] });
      }
      const figures = { seed: SEED, rounds: ROUNDS, acknowledged: siege.acknowledged, deeds: siege.people.done, kills: Object.fromEntries(kills) };
      if (process.env['ROUNDS']) process.stdout.write(`${JSON.stringify({ ...figures, statuses: Object.fromEntries(siege.met.statuses) })}\n`);
      expect(siege.acknowledged).toBeGreaterThan(20 * ROUNDS);
    } finally {
      await siege.end();
    }
  },
  ROUNDS * 30_000,
);

// known, and to be mended: the change and its entry are two transactions
test.failing('a change by a person is in the audit log, though the server was killed before it answered', async () => {
  const server = await ServerProcess.start(dir, { DATABASE_URL: database.url });
  const door = { url: server.url, token: readFileSync(path.join(dir, 'admin-token'), 'utf8').trim() };
  const { data } = (await post(door, '/graphql', { query: 'mutation { addHost(input: { hostname: "audited" }) { id } }' }))!.body;
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE audit IN EXCLUSIVE MODE');
  void ask(door, 'mutation ($id: ID!) { retireHost(id: $id, reason: "sold") { id } }', { id: data.addHost.id });
  await sleep(500);
  await server.kill();
  await client.query('ROLLBACK');
  await client.end();
  await sleep(200);
  const [host] = await select<object>(
    database.url,
    `SELECT retired_at IS NOT NULL AS retired, (SELECT count(*)::int FROM audit WHERE action = 'retire-host' AND subject = id::text) AS entries FROM host WHERE hostname = 'audited'`,
  );
  expect([
    { retired: false, entries: 0 },
    { retired: true, entries: 1 },
  ]).toContainEqual(host);
});
