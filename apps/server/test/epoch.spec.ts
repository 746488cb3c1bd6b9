import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedPostgres } from '@klpreg/embedded-postgres';
import { type Door, post, publish } from './crash/door.js';
import { PostgresProcess, ServerProcess } from './crash/processes.js';
import { backUp, Replica } from './crash/replica.js';
import { select } from './crash/truths.js';
import { later, listed, running } from './registry.js';

const QUESTION = `query ($snapshot: ID) { canDowngrade(to: { name: "lab_r_1v1_a" }, snapshot: $snapshot) {
  kind counts { total } snapshot { id } hosts { totalCount nodes { host { hostname stack { name } } } } } }`;

let dir: string;
const begun: { stop(): Promise<void> }[] = [];
beforeEach(() => void (dir = mkdtempSync(path.join(tmpdir(), 'klpreg-epoch-'))));
afterEach(async () => {
  for (const one of begun.splice(0).reverse()) await one.stop();
  rmSync(dir, { recursive: true, force: true });
});

const PLAIN = { fsync: 'off', shared_buffers: '16MB', wal_keep_size: '256MB' };

async function postgres(name: string, settings: Record<string, string> = {}): Promise<PostgresProcess> {
  const started = await PostgresProcess.start(path.join(dir, name), { ...PLAIN, ...settings });
  begun.push(started);
  return started;
}

/** @param data holds the token of the administrator */
async function serve(database: string, data = 'data'): Promise<Door> {
  const folder = path.join(dir, data);
  const server = await ServerProcess.start(folder, { DATABASE_URL: database });
  begun.push({ stop: () => server.kill() });
  return { url: server.url, token: readFileSync(path.join(folder, 'admin-token'), 'utf8').trim() };
}

const graphql = async (door: Door, variables: object) =>
  (await post(door, '/graphql', { query: QUESTION, variables }))!.body;
const ask = async (door: Door, snapshot?: string) => {
  const { data, errors } = await graphql(door, { snapshot: snapshot ?? null });
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data.canDowngrade;
};
const refusal = async (door: Door, snapshot: string) => (await graphql(door, { snapshot })).errors?.[0];
const GONE = {
  message: expect.stringContaining('the database was restored or replaced after this snapshot'),
  extensions: { code: 'SNAPSHOT_GONE' },
};

/** Three hosts, each with an earlier interval, written by transactions whose numbers a new cluster does not have yet. */
async function fill(door: Door, database: string): Promise<void> {
  await publish(door, 'lab_r_1v1_a');
  await publish(door, 'lab_r_1v2_a');
  await select(
    database,
    'DO $$ BEGIN FOR i IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$',
  );
  for (const name of ['web-1', 'web-2', 'web-3']) {
    await send(door, running(name, ['lab_r_1v1_a']));
    await send(door, later(running(name, []), { livepatches: [listed('lab_r_1v2_a')], sequence: 5 }));
  }
}

async function send(door: Door, report: ReturnType<typeof running>): Promise<void> {
  expect(await post(door, '/v1/reports', report)).toMatchObject({ status: 200 });
}

/** The answer can be given again and lists the hosts that it counts. */
async function expectWhole(door: Door, total: number): Promise<string> {
  const answer = await ask(door);
  expect({ total: answer.counts.total, listed: answer.hosts.nodes.length }).toEqual({ total, listed: total });
  expect(await ask(door, answer.snapshot.id)).toEqual(answer);
  return answer.snapshot.id;
}

/** As pg_dump and pg_restore: the rows of every table, into the same tables of another database. */
async function dumpAndRestore(from: string, to: string): Promise<void> {
  const [source, target] = [new pg.Client(from), new pg.Client(to)];
  await Promise.all([source.connect(), target.connect()]);
  const { rows } = await source.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace",
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

/** By the commands of docs/operating/backup.md: from a database into a new one of the same name. */
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

test('after dump and restore into another cluster, every host is in every answer, and snapshots of before are refused by name', async () => {
  const first = await postgres('first');
  const before = await serve(first.url);
  await fill(before, first.url);
  const old = await expectWhole(before, 3);

  const second = await postgres('second');
  await serve(second.url, 'other'); // makes the tables
  await (hasDump ? byPrograms : dumpAndRestore)(first.url, second.url);
  const after = await serve(second.url);
  await expectWhole(after, 3);
  expect(await refusal(after, old)).toMatchObject(GONE);
  await send(after, later(running('web-1', []), { sequence: 9 }));
  await expectWhole(after, 3);
}, 300_000);

test('a server that runs while its database is restored beneath it notices on its next statement', async () => {
  const database = await postgres('first');
  const door = await serve(database.url);
  await fill(door, database.url);
  const old = await expectWhole(door, 3);
  const other = await postgres('second');
  await serve(other.url, 'other');
  await dumpAndRestore(database.url, other.url);
  await dumpAndRestore(other.url, database.url); // into the same cluster, the same database and the same tables; connections stay
  expect(await refusal(door, old)).toMatchObject(GONE);
  await expectWhole(door, 3);
}, 300_000);

test('of a promoted replica, snapshots that it has seen whole are answered again, and those of lost transactions are refused', async () => {
  const primary = await postgres('primary');
  const before = await serve(primary.url);
  await fill(before, primary.url);
  const replica = await Replica.follow(primary.url, path.join(dir, 'primary'), path.join(dir, 'replica'));
  begun.push(replica);
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
  expect(await ask(after, kept.snapshot.id)).toEqual(kept);
  expect(await refusal(after, lost.snapshot.id)).toMatchObject(GONE);
  for (const name of ['web-5', 'web-6']) await send(after, running(name, []));
  expect(await refusal(after, lost.snapshot.id)).toMatchObject(GONE);
  await expectWhole(after, 5);
}, 300_000);

test('after a recovery to a point in time, snapshots of before that point are answered again, and later ones are refused', async () => {
  const archive = path.join(dir, 'archive');
  mkdirSync(archive, { mode: 0o777 });
  const settings = { archive_mode: 'on', archive_command: `cp %p ${archive}/%f` };
  const primary = await postgres('primary', settings);
  const before = await serve(primary.url);
  await fill(before, primary.url);
  const folder = path.join(dir, 'recovered');
  mkdirSync(folder);
  await backUp(primary.url, path.join(dir, 'primary/data'), path.join(folder, 'data'));
  cpSync(path.join(dir, 'primary/secret'), path.join(folder, 'secret'));
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
  begun.push(recovered);
  const after = await serve(recovered.url);
  expect(await ask(after, kept.snapshot.id)).toEqual(kept);
  expect(await refusal(after, lost.snapshot.id)).toMatchObject(GONE);
  for (const name of ['web-5', 'web-6']) await send(after, running(name, []));
  expect(await refusal(after, lost.snapshot.id)).toMatchObject(GONE);
  await expectWhole(after, 5);
}, 300_000);

test.each<[how: string, leave: (database: PostgresProcess) => Promise<void>]>([
  ['stopped', (database) => database.stop()],
  ['killed', (database) => database.kill()],
])(
  'after PostgreSQL was %s and started on the same files, every snapshot is answered again; on an earlier copy of them, only those of before the copy',
  async (_, leave) => {
    const database = await postgres('first');
    const door = await serve(database.url);
    await fill(door, database.url);
    const kept = await ask(door);
    await leave(database);
    cpSync(path.join(dir, 'first'), path.join(dir, 'copy'), { recursive: true });
    await database.restart();
    const again = await serve(database.url);
    expect(await ask(again, kept.snapshot.id)).toEqual(kept);
    await send(again, running('web-4', []));
    const lost = await ask(again);
    expect(await ask(again, lost.snapshot.id)).toEqual(lost);

    const copy = await postgres('copy');
    const restored = await serve(copy.url);
    expect(await ask(restored, kept.snapshot.id)).toEqual(kept);
    expect(await refusal(restored, lost.snapshot.id)).toMatchObject(GONE);
    for (const name of ['web-5', 'web-6']) await send(restored, running(name, []));
    expect(await refusal(restored, lost.snapshot.id)).toMatchObject(GONE);
  },
  300_000,
);
