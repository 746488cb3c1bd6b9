import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { splitStatements } from './statements.js';
import { DatabaseUnavailable } from './unavailable.js';

/** The advisory lock that Prisma's own schema engine takes. */
const PRISMA_LOCK = 72_707_369;

/** As Prisma makes it, so that `prisma migrate` and we can take turns. */
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
 * Brings a database to the newest migration, in order, and says which it applied; none where there was nothing to do.
 *
 * Does what `prisma migrate deploy` does (same table, checksums and lock) without its command line. It differs in one thing: each migration is sent statement by statement in one
 * transaction, because Citus rejects several statements in one message, and so that a failed one leaves nothing behind, not even a row. Starts at the same time wait for each other.
 *
 * @param dir folders named by when and what, each with a `migration.sql`; others in it are ignored. Migrations that only the database knows are of a newer program, and left alone.
 * @throws DatabaseUnavailable that names the migration: it failed now (with the line), it failed before under `prisma migrate`, or its file was edited after it was applied; or the database cannot be reached.
 */
export async function migrate(connectionString: string, dir: string): Promise<{ applied: string[] }> {
  const migrations = await loadMigrations(dir);
  const client = new pg.Client({ connectionString, options: '-c TimeZone=UTC' });
  await client.connect().catch((error: NodeJS.ErrnoException) => {
    throw new DatabaseUnavailable(`The database does not let us in (${error.message || error.code}): check that it runs, and DATABASE_URL`, { cause: error });
  });
  try {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_LOCK]);
    await client.query(JOURNAL);
    const pending = await findPending(client, migrations);
    for (const migration of pending) await apply(client, migration);
    return { applied: pending.map(({ name }) => name) };
  } finally {
    await client.end(); // releases the lock too
  }
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
      `Migration ${failed.migration_name} failed before: repair the database, then "prisma migrate resolve" says whether it is applied or rolled back`,
    );

  const checksums = new Map(rows.map((row) => [row.migration_name, row.checksum]));
  const edited = migrations.find(({ name, checksum }) => checksums.has(name) && checksums.get(name) !== checksum);
  if (edited)
    throw new DatabaseUnavailable(
      `Migration ${edited.name} was edited after it was applied to this database: restore its file, and write a new migration for the change`,
    );
  return migrations.filter(({ name }) => !checksums.has(name));
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  let line = 1;
  try {
    const statements = splitStatements(sql);
    await client.query('BEGIN');
    // lets Citus run DDL and DML of one transaction over the same connections; to plain PostgreSQL it is a name like any other
    await client.query(`SET LOCAL citus.multi_shard_modify_mode = 'sequential'`);
    for (const statement of statements) {
      line = statement.line;
      if (/^(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b/i.test(statement.sql)) throw new Error('a migration is one transaction already');
      await client.query(statement.sql);
    }
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // a lost connection rolled it back already
    throw new DatabaseUnavailable(`Migration ${name} failed and left nothing behind; line ${line}: ${(error as Error).message}`, { cause: error });
  }
}
