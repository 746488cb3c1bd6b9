import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedPostgres } from '@klpreg/embedded-postgres';
import { readConfig } from '../src/config.js';
import { migrate } from '../src/database/migrate.js';
import { createServer } from '../src/server.js';
import { TokensStore } from '../src/store/access/tokens.store.js';
import { type Endpoint, post, publish } from './crash/endpoint.js';
import { PostgresProcess } from './crash/processes.js';
import { backUp, Replica } from './crash/replica.js';
import { select } from './crash/select.js';
import { later, listed, running } from './registry.js';

const QUESTION = `query ($snapshot: ID) { canDowngrade(to: { name: "lab_r_1v1_a" }, snapshot: $snapshot) {
  kind counts { total } snapshot { id } hosts { totalCount nodes { host { hostname stack { name } } } } } }`;

const TOKEN = 'the-admin-token-of-this-test';
const MIGRATIONS = path.join(__dirname, '../../../prisma/migrations');
const PLAIN = { fsync: 'off', shared_buffers: '16MB', wal_keep_size: '256MB' };

/** Two clusters with empty tables. A test starts copies of them: to make a cluster takes seconds. */
const made = mkdtempSync(path.join(tmpdir(), 'klpreg-epoch-'));
beforeAll(async () => {
  for (const name of ['first', 'second']) {
    const server = await PostgresProcess.start(path.join(made, name), PLAIN);
    await migrate(server.url, MIGRATIONS);
    await server.stop();
  }
});
afterAll(() => rmSync(made, { recursive: true, force: true }));

let dir: string;
const started: { stop(): Promise<void> }[] = [];
beforeEach(() => void (dir = mkdtempSync(path.join(tmpdir(), 'klpreg-epoch-'))));
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Starts a copy of a cluster. */
async function cluster(
  of: 'first' | 'second' = 'first',
  settings: Record<string, string> = {},
): Promise<PostgresProcess> {
  cpSync(path.join(made, of), path.join(dir, of), { recursive: true });
  return postgres(of, settings);
}

async function postgres(name: string, settings: Record<string, string> = {}): Promise<PostgresProcess> {
  const server = await PostgresProcess.start(path.join(dir, name), { ...PLAIN, ...settings });
  started.push(server);
  return server;
}

/** Starts a server in this process. */
async function serve(database: string): Promise<Endpoint> {
  const app = await createServer(
    readConfig({ KLPREG_LOG_LEVEL: 'silent', KLPREG_DATA: path.join(dir, 'data') }),
    database,
  );
  started.push({ stop: () => app.close() });
  await app.init();
  await app.get(TokensStore).addAdmin(TOKEN, 'tester', new Date());
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), token: TOKEN };
}

const graphql = async (endpoint: Endpoint, variables: object) =>
  (await post(endpoint, '/graphql', { query: QUESTION, variables }))!.body;
const ask = async (endpoint: Endpoint, snapshot?: string) => {
  const { data, errors } = await graphql(endpoint, { snapshot: snapshot ?? null });
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data.canDowngrade;
};
const refusal = async (endpoint: Endpoint, snapshot: string) =>
  (await graphql(endpoint, { snapshot })).errors?.[0];
const GONE = {
  message: expect.stringContaining('the database was restored or replaced after this snapshot'),
  extensions: { code: 'SNAPSHOT_GONE' },
};

/** Stores three hosts, each with an earlier interval, with transaction ids that a new cluster lacks. */
async function fill(endpoint: Endpoint, database: string): Promise<void> {
  await publish(endpoint, 'lab_r_1v1_a');
  await publish(endpoint, 'lab_r_1v2_a');
  await select(
    database,
    'DO $$ BEGIN FOR i IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$',
  );
  for (const name of ['web-1', 'web-2', 'web-3']) {
    await send(endpoint, running(name, ['lab_r_1v1_a']));
    await send(endpoint, later(running(name, []), { livepatches: [listed('lab_r_1v2_a')], sequence: 5 }));
  }
}

async function send(endpoint: Endpoint, report: ReturnType<typeof running>): Promise<void> {
  expect(await post(endpoint, '/v1/reports', report)).toMatchObject({ status: 200 });
}

/** Expects that an answer can be repeated and lists the hosts that it counts. */
async function expectWhole(endpoint: Endpoint, total: number): Promise<string> {
  const answer = await ask(endpoint);
  expect({ total: answer.counts.total, listed: answer.hosts.nodes.length }).toEqual({ total, listed: total });
  expect(await ask(endpoint, answer.snapshot.id)).toEqual(answer);
  return answer.snapshot.id;
}

type Kept = Awaited<ReturnType<typeof ask>>;
/** Expects that an answer can be repeated, and that the one of lost transactions is refused, also later. */
async function expectWithoutLost(endpoint: Endpoint, { kept, lost }: Record<'kept' | 'lost', Kept>) {
  expect(await ask(endpoint, kept.snapshot.id)).toEqual(kept);
  expect(await refusal(endpoint, lost.snapshot.id)).toMatchObject(GONE);
  for (const name of ['web-5', 'web-6']) await send(endpoint, running(name, []));
  expect(await refusal(endpoint, lost.snapshot.id)).toMatchObject(GONE);
}

/** Does what pg_dump and pg_restore do: copies the rows of every table into another database. */
async function dumpAndRestore(from: string, to: string): Promise<void> {
  const [source, target] = [new pg.Client(from), new pg.Client(to)];
  await Promise.all([source.connect(), target.connect()]);
  const { rows } = await source.query<{ name: string }>(
    `SELECT relname AS name
       FROM pg_class
      WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace`,
  );
  await target.query(
    `SET session_replication_role = replica; TRUNCATE ${rows.map(({ name }) => `"${name}"`).join(', ')}`,
  );
  for (const { name } of rows) {
    const dump = await source.query<{ rows: string }>(
      `SELECT coalesce(json_agg(t), '[]')::text AS rows FROM "${name}" t`,
    );
    await target.query(`INSERT INTO "${name}" SELECT * FROM json_populate_recordset(null::"${name}", $1)`, [
      dump.rows[0]!.rows,
    ]);
  }
  await Promise.all([source.end(), target.end()]);
}

const programs = process.env['PG_BIN_DIR'] ?? '';
/** The embedded PostgreSQL has no client programs; `npm run check:backup` has those of Debian. */
const hasDump = existsSync(path.join(programs, 'pg_dump'));

/** Runs the commands of docs/operating/backup.md: dumps a database into a new one of the same name. */
async function byPrograms(from: string, to: string): Promise<void> {
  const file = path.join(dir, 'klpreg.dump');
  const run = (program: string, ...args: string[]) =>
    execFileSync(path.join(programs, program), args, { stdio: 'pipe' });
  run('pg_dump', '--format=custom', `--file=${file}`, from);
  const administer = new URL(to);
  administer.pathname = '/postgres';
  await select(administer.toString(), 'DROP DATABASE klpreg WITH (FORCE)');
  await select(administer.toString(), 'CREATE DATABASE klpreg');
  run('pg_restore', '--no-owner', '--exit-on-error', `--dbname=${to}`, file);
}

test('after dump and restore into another cluster, every answer has all hosts, and old snapshots get SNAPSHOT_GONE', async () => {
  const [first, second] = [await cluster('first'), await cluster('second')];
  const before = await serve(first.url);
  await fill(before, first.url);
  const old = await expectWhole(before, 3);

  await (hasDump ? byPrograms : dumpAndRestore)(first.url, second.url);
  const after = await serve(second.url);
  await expectWhole(after, 3);
  expect(await refusal(after, old)).toMatchObject(GONE);
  await send(after, later(running('web-1', []), { sequence: 9 }));
  await expectWhole(after, 3);

  // a running server notices with its next statement: the cluster, the database and the tables are the same
  await dumpAndRestore(second.url, first.url);
  expect(await refusal(before, old)).toMatchObject(GONE);
  await expectWhole(before, 3);
}, 300_000);

test('a promoted replica repeats answers for snapshots that it has completely, and refuses those of lost transactions', async () => {
  const primary = await cluster();
  const before = await serve(primary.url);
  await fill(before, primary.url);
  const replica = await Replica.follow(primary.url, path.join(dir, 'first'), path.join(dir, 'replica'));
  started.push(replica);
  const kept = await ask(before);
  await replica.catchUp();
  await select(replica.url, "ALTER SYSTEM SET primary_conninfo = ''");
  await select(replica.url, 'SELECT pg_reload_conf()');
  while ((await select(replica.url, 'SELECT FROM pg_stat_wal_receiver')).length > 0) await sleep(20);
  await send(before, running('web-4', []));
  const lost = await ask(before);
  expect(lost.counts.total).toBe(4);
  await primary.kill();

  await select(replica.url, 'SELECT pg_promote()');
  const after = await serve(replica.url);
  await expectWithoutLost(after, { kept, lost });
  await expectWhole(after, 5);
}, 300_000);

test('after point-in-time recovery, earlier snapshots are answered again, and later ones are refused', async () => {
  const archive = path.join(dir, 'archive');
  mkdirSync(archive, { mode: 0o777 });
  const settings = { archive_mode: 'on', archive_command: `cp %p ${archive}/%f` };
  const primary = await cluster('first', settings);
  const before = await serve(primary.url);
  await fill(before, primary.url);
  const folder = path.join(dir, 'recovered');
  mkdirSync(folder);
  await backUp(primary.url, path.join(dir, 'first/data'), path.join(folder, 'data'));
  cpSync(path.join(dir, 'first/secret'), path.join(folder, 'secret'));
  const kept = await ask(before);
  await select(primary.url, "SELECT pg_create_restore_point('then')");
  await send(before, running('web-4', []));
  const lost = await ask(before);
  await select(primary.url, 'SELECT pg_switch_wal()');
  await primary.stop();

  writeFileSync(path.join(folder, 'data/recovery.signal'), '');
  const recovered = await EmbeddedPostgres.start({
    dir: folder,
    settings: {
      ...PLAIN,
      restore_command: `cp ${archive}/%f %p`,
      recovery_target_name: 'then',
      recovery_target_action: 'promote',
    },
  });
  started.push(recovered);
  const after = await serve(recovered.url);
  await expectWithoutLost(after, { kept, lost });
  await expectWhole(after, 5);
}, 300_000);

test.each<[how: string, end: (database: PostgresProcess) => Promise<void>]>([
  ['stopped', (database) => database.stop()],
  ['killed', (database) => database.kill()],
])(
  'after PostgreSQL was %s and restarted, all snapshots are answered; on a copy of its files, only earlier ones',
  async (_, end) => {
    const database = await cluster();
    const endpoint = await serve(database.url);
    await fill(endpoint, database.url);
    const kept = await ask(endpoint);
    await end(database);
    cpSync(path.join(dir, 'first'), path.join(dir, 'copy'), { recursive: true });
    await database.restart();
    const again = await serve(database.url);
    expect(await ask(again, kept.snapshot.id)).toEqual(kept);
    await send(again, running('web-4', []));
    const lost = await ask(again);
    expect(await ask(again, lost.snapshot.id)).toEqual(lost);

    const copy = await postgres('copy');
    const restored = await serve(copy.url);
    await expectWithoutLost(restored, { kept, lost });
  },
  300_000,
);
