import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { migrate } from '../src/database/migrate.js';
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
  const { rows } = await client.query<{ tablename: string }>(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  return rows.map(({ tablename }) => tablename);
}

test('what is new is applied in the order of the names, and once', async () => {
  write('20260102000000_second', 'ALTER TABLE a ADD COLUMN c int;');
  write('20260101000000_first', 'CREATE TABLE a (b int);\nDO $$ BEGIN PERFORM 1; PERFORM 2; END $$;');
  writeFileSync(path.join(dir, 'migration_lock.toml'), 'provider = "postgresql"');

  expect(await migrate(database.url, dir)).toEqual({
    applied: ['20260101000000_first', '20260102000000_second'],
  });
  expect(await migrate(database.url, dir)).toEqual({ applied: [] });
  expect(await tables()).toEqual(['_prisma_migrations', 'a']);
});

test('a migration that fails in its second statement leaves nothing, and the next start tries again', async () => {
  write('1_good', 'CREATE TABLE a (b int);');
  write('2_bad', 'CREATE TABLE c (d int);\n\nCREATE TABLE c (d int);\n');
  await expect(migrate(database.url, dir)).rejects.toThrow(
    'Migration 2_bad failed and left nothing behind; line 3: relation "c" already exists',
  );
  expect(await tables()).toEqual(['_prisma_migrations', 'a']);

  write('2_bad', 'CREATE TABLE c (d int);');
  expect(await migrate(database.url, dir)).toEqual({ applied: ['2_bad'] });
});

test.each(['BEGIN; CREATE TABLE a (b int); COMMIT', 'CREATE TABLE a (b int); COMMIT; SELECT 1', 'ROLLBACK'])(
  'a migration does not handle transactions itself: %s',
  async (sql) => {
    write('1_a', sql);
    await expect(migrate(database.url, dir)).rejects.toThrow('a migration is one transaction already');
    expect(await tables()).toEqual([]);
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

test('a database of a newer program is refused, and the migration is named', async () => {
  write('1_a', 'CREATE TABLE a (b int);');
  write('2_b', 'CREATE TABLE c (d int);');
  await migrate(database.url, dir);
  rmSync(path.join(dir, '2_b'), { recursive: true });
  write('1_c', 'CREATE TABLE e (f int);');
  await expect(migrate(database.url, dir)).rejects.toThrow(
    'The database has migration 2_b, which this version of the registry does not know: start the ' +
      'version that made it or a newer one',
  );
  expect(await tables()).not.toContain('e');
});

test('a lock that a pooler kept of an earlier start is not waited for: the lock is one of a transaction', async () => {
  write('1_a', 'CREATE TABLE a (b int);');
  await migrate(database.url, dir);
  const held = await client.query(
    "SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE " +
      'datname = current_database())',
  );
  expect(held.rows).toEqual([]);
  const sent: string[] = [];
  // eslint-disable-next-line typescript/unbound-method -- called with the client that it belongs to
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    sent.push(String(args[0]));
    return query.apply(this, args as never);
  } as never;
  try {
    await migrate(database.url, dir);
  } finally {
    pg.Client.prototype.query = query;
  }
  expect(sent.filter((text) => text.includes('advisory'))).toEqual(['SELECT pg_advisory_xact_lock($1)']);
});

test('rows with the evidence CATALOG have UNSIGNED afterwards, in the present and in earlier revisions', async () => {
  const all = path.resolve(__dirname, '../../../prisma/migrations');
  const rename = '20261126170000_unsigned_evidence';
  for (const name of readdirSync(all))
    if (name < rename) cpSync(path.join(all, name), path.join(dir, name), { recursive: true });
  await migrate(database.url, dir);
  await client.query(`
    INSERT INTO patch (build_id, name, release, owner, kernel_release, arch, modversions, livepatch, builder, readable, impact,
                       evidence, published_at, published_by)
    SELECT evidence, 'lp', 'r', 'o', '6.1.0', 'x86_64', true, true, 'UNKNOWN', true, 'DECLARED', evidence, now(), 'test'
      FROM unnest('{CATALOG,MODULE}'::text[]) AS evidence;
    INSERT INTO patch_author (build_id, revision, evidence, word, at, by)
    VALUES ('MODULE', 1, 'MANIFEST', '{}', now(), 'test'), ('MODULE', 2, 'CATALOG', '{}', now(), 'test');
    INSERT INTO patch_version (build_id, revision, at, patch)
    VALUES ('CATALOG', 2, now(), '{"evidence": "CATALOG", "author": null}'),
           ('MODULE', 3, now(), '{"evidence": "MODULE", "author": {"evidence": "CATALOG"}}');
  `);

  cpSync(path.join(all, rename), path.join(dir, rename), { recursive: true });
  expect(await migrate(database.url, dir)).toEqual({ applied: [rename] });
  const { rows } = await client.query<{ rows: unknown }>(`
    SELECT jsonb_build_array((SELECT jsonb_agg(evidence ORDER BY build_id) FROM patch),
                             (SELECT jsonb_agg(evidence ORDER BY revision) FROM patch_author),
                             (SELECT jsonb_agg(patch ORDER BY revision) FROM patch_version)) AS rows`);
  expect(rows[0]?.rows).toEqual([
    ['UNSIGNED', 'MODULE'],
    ['MANIFEST', 'UNSIGNED'],
    [
      { evidence: 'UNSIGNED', author: null },
      { evidence: 'MODULE', author: { evidence: 'UNSIGNED' } },
    ],
  ]);
});

/** Returns the address for a new role that may only log in. */
async function roleUrl(grants: readonly string[] = []): Promise<string> {
  const role = `role_${randomUUID().replaceAll('-', '')}`;
  await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
  for (const grant of grants) await client.query(grant.replaceAll('ROLE', role));
  const url = new URL(database.url);
  [url.username, url.password] = [role, 'x'];
  return url.toString();
}

test('the error for a role without rights says what to grant', async () => {
  write('1_a', 'CREATE TABLE a (b int);');
  await expect(migrate(await roleUrl(), dir)).rejects.toThrow(
    /permission denied for schema public: let its owner GRANT CREATE ON DATABASE/,
  );
});

test('a role without rights may start if no migration is pending', async () => {
  write('1_a', 'CREATE TABLE a (b int);');
  await migrate(database.url, dir);
  expect(
    await migrate(
      await roleUrl(['GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ROLE']),
      dir,
    ),
  ).toEqual({ applied: [] });
});

test('a schema in the address is refused with what to do', async () => {
  await expect(migrate(`${database.url}?schema=klpreg`, dir)).rejects.toThrow(
    'DATABASE_URL names the schema klpreg',
  );
  expect(await migrate(`${database.url}?schema=public`, dir)).toEqual({ applied: [] });
});

test('a pooler that refuses a start-up parameter is named, with its settings', async () => {
  // speaks as PgBouncer does: an error before anything else
  const pooler = net.createServer((socket) => {
    // cspell:ignore Munsupported
    const fields = Buffer.from('SFATAL\0C08P01\0Munsupported startup parameter: options\0\0');
    const head = Buffer.alloc(5);
    head.write('E');
    head.writeInt32BE(fields.length + 4, 1);
    socket.once('data', () => socket.end(Buffer.concat([head, fields])));
  });
  await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve));
  const { port } = pooler.address() as net.AddressInfo;
  await expect(migrate(`postgresql://x:x@127.0.0.1:${port}/x`, dir)).rejects.toThrow(
    /unsupported startup parameter: options\): set "ignore_startup_parameters/,
  );
  pooler.close();
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
  await expect(migrate('postgresql://127.0.0.1:1/none', dir)).rejects.toThrow(
    '(connect ECONNREFUSED 127.0.0.1:1): check that it runs, and DATABASE_URL',
  );
});

test('Prisma agrees that a database of ours is up to date, and that it is what the schema says', async () => {
  const root = path.join(__dirname, '../../..');
  const ours = await copyDatabase();
  const prisma = (...args: string[]): string =>
    execFileSync(
      path.join(root, 'node_modules/.bin/prisma'),
      [...args, '--config', 'prisma/prisma.config.ts'],
      {
        cwd: root,
        env: { ...process.env, DATABASE_URL: ours.url },
        encoding: 'utf8',
        stdio: 'pipe',
      },
    );
  try {
    expect(prisma('migrate', 'status')).toContain('Database schema is up to date!');
    expect(
      prisma(
        'migrate',
        'diff',
        '--from-config-datasource',
        '--to-schema',
        'prisma/schema.prisma',
        '--exit-code',
      ),
    ).toContain('No difference detected');
  } finally {
    await ours.drop();
  }
});
