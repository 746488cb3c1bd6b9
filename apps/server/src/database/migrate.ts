import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { splitStatements } from './split-statements.js';
import { DatabaseUnavailable } from './unavailable.js';

/** The advisory lock that Prisma's own schema engine takes. */
const PRISMA_LOCK = 72_707_369;

/** As Prisma creates it, so that `prisma migrate` and the server can take turns. */
const JOURNAL = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT, "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/**
 * Applies the missing migrations in order, and returns their names.
 *
 * It does what `prisma migrate deploy` does (same table, checksums and lock) without Prisma's command line,
 * with one difference: a migration is one transaction, sent statement by statement. Citus rejects several
 * statements in one message, and a migration that fails leaves nothing behind. Concurrent starts wait for
 * each other.
 *
 * @param dir folders named by time and content, each with a `migration.sql`; files in it are ignored
 * @throws DatabaseUnavailable that names the migration: it failed now (with the line), it failed before under
 *   `prisma migrate`, its file was edited after it was applied, or only the database knows it. Or it says
 *   what else to do: the database is not reached, its role may not create tables, a pooler refuses
 *   parameters.
 */
export async function migrate(connectionString: string, dir: string): Promise<{ applied: string[] }> {
  refuseSchema(connectionString);
  const migrations = await loadMigrations(dir);
  const client = await connect(connectionString);
  try {
    const applied: string[] = [];
    for (
      let name = await applyNext(client, migrations);
      name !== null;
      name = await applyNext(client, migrations)
    )
      applied.push(name);
    return { applied };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Refuses a parameter that only Prisma understands: the tables would be created in another schema. */
function refuseSchema(connectionString: string): void {
  const schema = /[?&]schema=([^&]*)/.exec(connectionString)?.[1];
  if (schema === undefined || schema === 'public') return;
  throw new DatabaseUnavailable(
    `DATABASE_URL names the schema ${decodeURIComponent(schema)}, which PostgreSQL takes from the role: ` +
      'remove "schema=" from the address, and give its role the schema ' +
      'first by ALTER ROLE … SET search_path, or give the registry a database of its own',
  );
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString,
    options: '-c TimeZone=UTC',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined); // its queries say it too
  try {
    await client.connect();
    return client;
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    if (/unsupported startup parameter/.test(message))
      throw new DatabaseUnavailable(
        `The database is behind a pooler that refuses start-up parameters (${message}): set ` +
          '"ignore_startup_parameters = extra_float_digits,options" in PgBouncer, and ' +
          "ALTER ROLE … SET TimeZone = 'UTC' for the role of the address; prepared statements need " +
          'max_prepared_statements above 0',
        { cause: error },
      );
    throw new DatabaseUnavailable(
      `The database does not let us in (${message || code}): check that it runs, and DATABASE_URL`,
      { cause: error },
    );
  }
}

/**
 * Applies the next migration in a transaction. @returns its name; null: there is none
 *
 * The transaction holds the lock: a lock of the session would stay in a pooler's connection, and the next
 * start would never get it.
 */
async function applyNext(client: pg.Client, migrations: readonly Migration[]): Promise<string | null> {
  const place = { migration: null as string | null, line: 1 };
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [PRISMA_LOCK]);
    const { rows } = await client.query<{ there: boolean }>(
      `SELECT to_regclass('"_prisma_migrations"') IS NOT NULL AS there`,
    );
    if (rows[0]?.there !== true) await client.query(JOURNAL);
    const [next] = await findPending(client, migrations);
    if (next !== undefined) {
      place.migration = next.name;
      await apply(client, next, place);
    }
    await client.query('COMMIT');
    return next?.name ?? null;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // a lost connection rolled it back already
    throw error instanceof DatabaseUnavailable ? error : failure(error as pg.DatabaseError, place);
  }
}

function failure(
  error: pg.DatabaseError,
  { migration, line }: { readonly migration: string | null; readonly line: number },
): DatabaseUnavailable {
  const what =
    migration === null
      ? 'The tables could not be made'
      : `Migration ${migration} failed and left nothing behind; line ${line}`;
  // insufficient privilege; no schema has been selected to create in
  const denied = error.code === '42501' || error.code === '3F000';
  const remedy =
    ': let its owner GRANT CREATE ON DATABASE … TO the role of DATABASE_URL and GRANT ALL ON SCHEMA ' +
    'public TO it, or start the server once with a role that may';
  return new DatabaseUnavailable(`${what}: ${error.message}${denied ? remedy : ''}`, { cause: error });
}

async function loadMigrations(dir: string): Promise<Migration[]> {
  const entries = await readdir(dir, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return await Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(path.join(dir, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function findPending(client: pg.Client, migrations: readonly Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
  );
  const failed = rows.find((row) => row.finished_at === null);
  if (failed)
    throw new DatabaseUnavailable(
      `Migration ${failed.migration_name} failed before: repair the database, then "prisma migrate ` +
        'resolve" says whether it is applied or rolled back',
    );

  const checksums = new Map(rows.map((row) => [row.migration_name, row.checksum]));
  const edited = migrations.find(
    ({ name, checksum }) => checksums.has(name) && checksums.get(name) !== checksum,
  );
  if (edited)
    throw new DatabaseUnavailable(
      `Migration ${edited.name} was edited after it was applied to this database: restore its file, and ` +
        'write a new migration for the change',
    );
  const names = new Set(migrations.map(({ name }) => name));
  const unknown = rows.map((row) => row.migration_name).find((name) => !names.has(name));
  if (unknown)
    throw new DatabaseUnavailable(
      `The database has migration ${unknown}, which this version of the registry does not know: start the ` +
        'version that made it or a newer one, or restore a backup of before',
    );
  return migrations.filter(({ name }) => !checksums.has(name));
}

async function apply(
  client: pg.Client,
  { name, sql, checksum }: Migration,
  place: { line: number },
): Promise<void> {
  const statements = splitStatements(sql);
  // Citus then runs DDL and DML of one transaction on the same connections; plain PostgreSQL accepts the name
  await client.query(`SET LOCAL citus.multi_shard_modify_mode = 'sequential'`);
  for (const statement of statements) {
    place.line = statement.line;
    if (/^(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b/i.test(statement.sql))
      throw new Error('a migration is one transaction already');
    await client.query(statement.sql);
  }
  await client.query(
    `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at,
                                       applied_steps_count)
     VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
    [randomUUID(), checksum, name],
  );
}
