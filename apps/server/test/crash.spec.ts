import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ask, type Door, publish } from './crash/door.js';
import { PostgresProcess, ServerProcess } from './crash/processes.js';
import { Random } from './crash/random.js';
import { Siege, VICTIMS } from './crash/rounds.js';
import { select } from './crash/truths.js';
import { idle } from './registry.js';

/** `npm run check:crashes` has 50. */
const ROUNDS = Number(process.env['ROUNDS'] ?? 2);
const AUDITED = idle('audited').host.instance;
const KEY = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
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
    const siege = new Siege(
      database,
      dir,
      () => readFileSync(path.join(dir, 'admin-token'), 'utf8').trim(),
      random,
    );
    await siege.start();
    try {
      for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) await publish(siege.door, name);
      const kills = new Map<string, number>();
      let victims: (typeof VICTIMS)[number][] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        if (victims.length === 0) victims = random.shuffled(VICTIMS);
        const victim = victims.pop()!;
        kills.set(victim, (kills.get(victim) ?? 0) + 1);
        expect({ seed: SEED, round, wrong: await siege.round(victim) }).toEqual({
          seed: SEED,
          round,
          wrong: [],
        });
      }
      const figures = {
        seed: SEED,
        rounds: ROUNDS,
        acknowledged: siege.acknowledged,
        deeds: siege.people.done,
        kills: Object.fromEntries(kills),
      };
      if (process.env['ROUNDS'])
        process.stdout.write(
          `${JSON.stringify({ ...figures, statuses: Object.fromEntries(siege.met.statuses) })}\n`,
        );
      expect(siege.acknowledged).toBeGreaterThan(20 * ROUNDS);
    } finally {
      await siege.end();
    }
  },
  ROUNDS * 60_000 + 60_000,
);

/** What a person does, and the statement that says whether it is done. */
const DEEDS: readonly (readonly [
  deed: string,
  act: (door: Door) => Promise<unknown>,
  action: string,
  done: string,
])[] = [
  [
    'a host retired',
    (door) =>
      ask(door, 'mutation ($id: ID!) { retireHost(id: $id, reason: "sold") { id } }', { id: AUDITED }),
    'retire-host',
    `SELECT FROM host WHERE id = '${AUDITED}' AND retired_at IS NOT NULL`,
  ],
  [
    'a patch published',
    (door) => publish(door, 'lab_data').catch(() => undefined),
    'publish',
    `SELECT FROM patch WHERE name = 'lab_data'`,
  ],
  [
    'a key made known',
    (door) =>
      ask(door, 'mutation ($key: String!) { addOwnerKey(owner: "lab", publicKey: $key) { owner } }', {
        key: KEY,
      }),
    'add-owner-key',
    'SELECT FROM owner_key',
  ],
];

test.each(DEEDS)(
  '%s: is in the audit log, though the server was killed before it answered',
  async (_, act, action, done) => {
    const server = await ServerProcess.start(dir, { DATABASE_URL: database.url });
    const door = { url: server.url, token: readFileSync(path.join(dir, 'admin-token'), 'utf8').trim() };
    await ask(door, 'mutation ($id: ID!) { addHost(input: { id: $id, hostname: "audited" }) { id } }', {
      id: AUDITED,
    });
    const state = `SELECT EXISTS (${done}) AS done, (SELECT count(*)::int FROM audit WHERE action = '${action}') AS entries`;
    const [before] = await select<{ done: boolean; entries: number }>(database.url, state);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('BEGIN');
    await client.query('LOCK TABLE audit IN EXCLUSIVE MODE');
    const acting = act(door);
    const waiting = `pg_locks WHERE relation = 'audit'::regclass AND NOT granted`;
    while ((await client.query(`SELECT FROM ${waiting}`)).rowCount === 0) await sleep(20);
    await server.kill();
    await acting;
    // its connection ends with it: PostgreSQL would else finish the statement that waits
    await client.query(`SELECT pg_terminate_backend(pid, 5000) FROM ${waiting}`);
    await client.query('ROLLBACK');
    await client.end();
    expect(before).toMatchObject({ done: false });
    expect([
      { done: false, entries: before!.entries },
      { done: true, entries: before!.entries + 1 },
    ]).toContainEqual((await select(database.url, state))[0]);
  },
  180_000,
);
