import { Prisma } from './database.js';

type Type = 'smallint' | 'integer' | 'uuid' | 'text' | 'bigint' | 'timestamptz' | 'boolean' | 'jsonb';

/**
 * Rows as one parameter for each column, for `unnest`: a statement over arrays has one text, and so one plan, whatever the number of rows.
 *
 * Written as PostgreSQL reads arrays, in one text: the driver's own way costs more than the statement. What a caller may have written is quoted.
 */
export function column<Row>(rows: readonly Row[], type: Type, value: (row: Row) => unknown): Prisma.Sql {
  const write = type === 'text' || type === 'jsonb' ? quoted : plain;
  let text = '{';
  for (let i = 0; i < rows.length; i++) text += (i === 0 ? '' : ',') + write(value(rows[i]!));
  return Prisma.sql`${`${text}}`}::${Prisma.raw(type)}[]`;
}

/** Numbers, times and truths, which hold nothing that a text of arrays gives a meaning; ids are of their own form, and PostgreSQL refuses what is not. */
function plain(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return value instanceof Date ? `"${value.toISOString()}"` : quotedWhereNeeded(String(value as string | number | bigint | boolean));
}

const quotedWhereNeeded = (text: string): string => (/^[\w.:+-]+$/.test(text) ? text : quoted(text));

function quoted(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The clock of the database, which is read with each batch and written to no row. */
export const READING: Prisma.Sql = Prisma.sql`clock_timestamp() AS now`;
