import { join, raw, sql, type Sql } from './sql.js';

type Type =
  | 'smallint'
  | 'integer'
  | 'uuid'
  | 'text'
  | 'bigint'
  | 'timestamptz'
  | 'boolean'
  | 'jsonb'
  | 'gap_kind';

/** Columns by their names: the type, and the value of a row. */
type Columns<Row> = Readonly<Record<string, readonly [type: Type, value: (row: Row) => unknown]>>;

/**
 * `unnest(…) AS alias(…)`: rows as one parameter for each column.
 *
 * A statement over arrays has one text, and so one plan, for every number of rows.
 */
export function unnest<Row>(alias: string, rows: readonly Row[], columns: Columns<Row>): Sql {
  const names = Object.keys(columns).join(', ');
  const arrays = Object.values(columns).map(([type, value]) => column(rows, type, value));
  return sql`unnest(${join(arrays)}) AS ${raw(`${alias}(${names})`)}`;
}

/**
 * One column of rows as an array.
 *
 * It is written as PostgreSQL reads arrays, because the driver's own way costs more than the statement.
 */
export function column<Row>(rows: readonly Row[], type: Type, value: (row: Row) => unknown): Sql {
  const write = type === 'text' || type === 'jsonb' ? quoted : plain;
  let text = '{';
  for (let i = 0; i < rows.length; i++) text += (i === 0 ? '' : ',') + write(value(rows[i]!));
  return sql`${`${text}}`}::${raw(type)}[]`;
}

/** Numbers, times, booleans and ids. */
function plain(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  return value instanceof Date
    ? `"${value.toISOString()}"`
    : quotedIfNeeded(String(value as string | number | bigint | boolean));
}

const quotedIfNeeded = (text: string): string => (/^[\w.:+-]+$/.test(text) ? text : quoted(text));

function quoted(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** The clock of the database: it is read with each batch, and written to no row. */
export const DATABASE_CLOCK: Sql = sql`clock_timestamp() AS now`;
