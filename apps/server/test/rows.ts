import type { Database } from '../src/database/database.js';

/** A roll-up that commits after the rows were deleted would leave its counts. The lock is `ROLL_UP_LOCK`. */
const NO_ROLL_UP = 'SELECT pg_advisory_xact_lock(72707370)::text';

/** Reads the rows of all tables, and returns what brings exactly these back. For tables with few rows. */
export async function keepRows(db: Database): Promise<() => Promise<void>> {
  const tables = await db.$queryRaw<{ name: string }[]>`
    SELECT relname AS name
      FROM pg_class
     WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace`;
  const statements: string[] = [];
  for (const { name } of tables) {
    const [kept] = await db.$queryRawUnsafe<{ rows: string | null }[]>(
      `SELECT json_agg(t)::text AS rows FROM "${name}" t`,
    );
    const rows = kept!.rows?.replaceAll("'", "''");
    statements.push(`DELETE FROM "${name}"`);
    if (rows !== undefined)
      statements.push(
        `INSERT INTO "${name}" SELECT * FROM json_populate_recordset(null::"${name}", '${rows}')`,
      );
  }
  // without checks of foreign keys, so that the order of the tables does not matter
  return async () =>
    db.$transaction(async (tx) => {
      for (const statement of ['SET LOCAL session_replication_role = replica', NO_ROLL_UP, ...statements])
        await tx.$executeRawUnsafe(statement);
    });
}
