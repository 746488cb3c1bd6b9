import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { migrate } from '../src/store/migrate.js';
import { copyDatabase, type Database, emptyDatabase } from './database.js';

let database: Database;
let client: pg.Client;
let dir: string;

beforeEach(async () => {
  database = await emptyDatabase();
  client = new pg.Client({ connectionString: database.url });
  client.on('error', () => undefined); // the database is dropped under it
  await client.connect();
  dir = mkdtempSync(path.join(tmpdir(), 'klpreg-migrate-'));
});

afterEach(async () => {
  await client.end();
  await database.drop();
  rmSync(dir, { recursive: true });
});

function write(name: string, sql: string): void {
  mkdirSync(path.join(dir, name), { recursive: true });
  writeFileSync(path.join(dir, name, 'migration.sql'), sql);
}

async function tables(): Promise<string[]> {
  const { rows } = await client.query<{ tablename: string }>(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`);
  return rows.map(({ tablename }) => tablename);
}

test('what is new is applied in the order of the names, and once', async () => {
  write('20260102000000_second', 'ALTER TABLE a ADD COLUMN c int;');
  write('20260101000000_first', 'CREATE TABLE a (b int);\nDO $$ BEGIN PERFORM 1; PERFORM 2; END $$;');
  writeFileSync(path.join(dir, 'migration_lock.toml'), 'provider = "postgresql"');

  expect(await migrate(database.url, dir)).toEqual({ applied: ['20260101000000_first', '20260102000000_second'] });
  expect(await migrate(database.url, dir)).toEqual({ applied: [] });
  expect(await tables()).toEqual(['_prisma_migrations', 'a']);
});

test('a migration that fails in its second statement leaves nothing, and the next start tries again', async () => {
  write('1_good', 'CREATE TABLE a (b int);');
  write('2_bad', 'CREATE TABLE c (d int);\n\nCREATE TABLE c (d int);\n');
  await expect(migrate(database.url, dir)).rejects.toThrow('Migration 2_bad failed and left nothing behind; line 3: relation "c" already exists');
  expect(await tables()).toEqual(['_prisma_migrations', 'a']);

  write('2_bad', 'CREATE TABLE c (d int);');
  expect(await migrate(database.url, dir)).toEqual({ applied: ['2_bad'] });
});

test.each(['BEGIN; CREATE TABLE a (b int); COMMIT', 'CREATE TABLE a (b int); COMMIT; SELECT 1', 'ROLLBACK'])(
  'a migration does not handle transactions itself: %s',
  async (sql) => {
    write('1_a', sql);
    await expect(migrate(database.url, dir)).rejects.toThrow('a migration is one transaction already');
    expect(await tables()).toEqual(['_prisma_migrations']);
  },
);

test('an edited migration is refused', async () => {
  write('1_a', 'CREATE TABLE a (b int);');
  await migrate(database.url, dir);
  write('1_a', 'CREATE TABLE a (b bigint);');
  write('2_b', 'CREATE TABLE c (d int);');
  await expect(migrate(database.url, dir)).rejects.toThrow('Migration 1_a was edited after it was applied');
  expect(await tables()).not.toContain('c');
});

test('a migration that failed under Prisma is refused until it is resolved', async () => {
  write('1_a', 'CREATE TABLE a (b int);');
  await migrate(database.url, dir);
  await client.query('UPDATE _prisma_migrations SET finished_at = NULL');
  await expect(migrate(database.url, dir)).rejects.toThrow('Migration 1_a failed before');

  await client.query('UPDATE _prisma_migrations SET rolled_back_at = now()');
  await client.query('DROP TABLE a');
  expect(await migrate(database.url, dir)).toEqual({ applied: ['1_a'] });
});

test('migrations of a newer program are left alone', async () => {
  write('1_a', 'CREATE TABLE a (b int);');
  write('2_b', 'CREATE TABLE c (d int);');
  await migrate(database.url, dir);
  rmSync(path.join(dir, '2_b'), { recursive: true });
  expect(await migrate(database.url, dir)).toEqual({ applied: [] });
});

test('of many starts at once, one migrates and the others wait for it', async () => {
  write('1_a', 'CREATE TABLE a (b int);\nSELECT pg_sleep(0.2);');
  const starts = await Promise.all([1, 2, 3].map(() => migrate(database.url, dir)));
  expect(starts.flatMap(({ applied }) => applied)).toEqual(['1_a']);
});

test('Citus is asked to work one connection after the other, for the migration only', async () => {
  write('1_a', `CREATE TABLE a AS SELECT current_setting('citus.multi_shard_modify_mode') AS mode;`);
  await migrate(database.url, dir);
  expect((await client.query('SELECT mode FROM a')).rows).toEqual([{ mode: 'sequential' }]);
});

test('a database that cannot be reached is said to be, with what to check', async () => {
  await expect(migrate('postgresql://127.0.0.1:1/none', dir)).rejects.toThrow('(connect ECONNREFUSED 127.0.0.1:1): check that it runs, and DATABASE_URL');
});

test('Prisma agrees that a database of ours is up to date, and that it is what the schema says', async () => {
  const root = path.join(__dirname, '../../..');
  const ours = await copyDatabase();
  const prisma = (...args: string[]): string =>
    execFileSync(path.join(root, 'node_modules/.bin/prisma'), [...args, '--config', 'prisma/prisma.config.ts'], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: ours.url },
      encoding: 'utf8',
      stdio: 'pipe',
    });
  try {
    expect(prisma('migrate', 'status')).toContain('Database schema is up to date!');
    expect(prisma('migrate', 'diff', '--from-config-datasource', '--to-schema', 'prisma/schema.prisma', '--exit-code')).toContain('No difference detected');
  } finally {
    await ours.drop();
  }
});
