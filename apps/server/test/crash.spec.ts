import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ask, type Endpoint, publish } from './crash/endpoint.js';
import { PostgresProcess, ServerProcess } from './crash/processes.js';
import { CrashRounds, VICTIMS } from './crash/rounds.js';
import { select } from './crash/select.js';
import { Random } from './random.js';
import { idle } from './registry.js';

/** `npm run check:crashes` sets 50. */
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
  `after ${ROUNDS} kills under load, acknowledged messages are stored, counts are right, and answers repeat`,
  async () => {
    const random = new Random(SEED);
    const rounds = new CrashRounds(
      database,
      dir,
      () => readFileSync(path.join(dir, 'admin-token'), 'utf8').trim(),
      random,
    );
    await rounds.start();
    try {
      for (const name of ['lab_r_1v1_a', 'lab_r_1v2_a']) await publish(rounds.endpoint, name);
      const kills = new Map<string, number>();
      let victims: (typeof VICTIMS)[number][] = [];
      for (let round = 1; round <= ROUNDS; round++) {
        if (victims.length === 0) victims = random.shuffled(VICTIMS);
        const victim = victims.pop()!;
        kills.set(victim, (kills.get(victim) ?? 0) + 1);
        expect({ seed: SEED, round, wrong: await rounds.round(victim) }).toEqual({
          seed: SEED,
          round,
          wrong: [],
        });
      }
      const figures = {
        seed: SEED,
        rounds: ROUNDS,
        acknowledged: rounds.acknowledged,
        changes: rounds.admins.done,
        kills: Object.fromEntries(kills),
      };
      if (process.env['ROUNDS'])
        process.stdout.write(
          `${JSON.stringify({ ...figures, statuses: Object.fromEntries(rounds.observed.statuses) })}\n`,
        );
      expect(rounds.acknowledged).toBeGreaterThan(20 * ROUNDS);
    } finally {
      await rounds.end();
    }
  },
  ROUNDS * 60_000 + 60_000,
);

/** Audited changes, each with a statement that selects a row if the change is stored. */
const CHANGES: readonly (readonly [
  what: string,
  change: (endpoint: Endpoint) => Promise<unknown>,
  action: string,
  done: string,
])[] = [
  [
    'retiring a host',
    (endpoint) =>
      ask(endpoint, 'mutation ($id: ID!) { retireHost(id: $id, reason: "sold") { id } }', { id: AUDITED }),
    'retire-host',
    `SELECT FROM host WHERE id = '${AUDITED}' AND retired_at IS NOT NULL`,
  ],
  [
    'publishing a patch',
    (endpoint) => publish(endpoint, 'lab_data').catch(() => undefined),
    'publish',
    `SELECT FROM patch WHERE name = 'lab_data'`,
  ],
  [
    'adding an owner key',
    (endpoint) =>
      ask(endpoint, 'mutation ($key: String!) { addOwnerKey(owner: "lab", publicKey: $key) { owner } }', {
        key: KEY,
      }),
    'add-owner-key',
    'SELECT FROM owner_key',
  ],
];

test.each(CHANGES)(
  '%s is in the audit log exactly if it is stored, when the server is killed before it answers',
  async (_, change, action, done) => {
    const server = await ServerProcess.start(dir, { DATABASE_URL: database.url });
    const endpoint = { url: server.url, token: readFileSync(path.join(dir, 'admin-token'), 'utf8').trim() };
    await ask(endpoint, 'mutation ($id: ID!) { addHost(input: { id: $id, hostname: "audited" }) { id } }', {
      id: AUDITED,
    });
    const state = `SELECT EXISTS (${done}) AS done,
                          (SELECT count(*)::int FROM audit WHERE action = '${action}') AS entries`;
    const [before] = await select<{ done: boolean; entries: number }>(database.url, state);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('BEGIN');
    await client.query('LOCK TABLE audit IN EXCLUSIVE MODE');
    const changing = change(endpoint);
    const waiting = `pg_locks WHERE relation = 'audit'::regclass AND NOT granted`;
    while ((await client.query(`SELECT FROM ${waiting}`)).rowCount === 0) await sleep(20);
    await server.kill();
    await changing;
    // PostgreSQL would otherwise finish the statement that waits
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
