import { Prisma } from './database.js';

/**
 * Rows as one parameter for each column, for `unnest`: a statement over arrays has one text, and so one plan, whatever the number of rows.
 *
 * Times and numbers travel as text and are cast: the driver has no arrays of them that keep every digit.
 */
export function column<Row>(
  rows: readonly Row[],
  type: 'smallint' | 'integer' | 'uuid' | 'text' | 'bigint' | 'timestamptz' | 'boolean' | 'jsonb',
  value: (row: Row) => unknown,
): Prisma.Sql {
  const texts = rows.map((row) => toText(value(row)));
  return Prisma.sql`${texts}::text[]::${Prisma.raw(type)}[]`;
}

function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | bigint | boolean);
}
