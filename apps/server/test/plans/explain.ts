import pg from 'pg';

/** A statement as it was sent. */
export interface Sent {
  /** Under which it is prepared; undefined: it is not. */
  readonly name: string | undefined;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** How a statement went through one of the tables. */
export interface Scan {
  readonly how: string;
  readonly table: string;
  readonly index: string | null;
  /** Rows that were read, those that did not match among them. */
  readonly rows: number;
}

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Conflict Arbiter Indexes'?: readonly string[];
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly Node[];
}

/** Every statement that this process sends while something is done. */
export async function listen(work: () => Promise<unknown>): Promise<Sent[]> {
  const sent: Sent[] = [];
  // eslint-disable-next-line typescript/unbound-method -- called with the client that it belongs to
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...args: [Partial<Sent>]) {
    if (typeof args[0]?.text === 'string')
      sent.push({ name: args[0].name, text: args[0].text, values: args[0].values ?? [] });
    return query.apply(this, args as never);
  } as never;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = query;
  }
  return sent;
}

/** The last statement with this name. */
export function named(name: string, sent: readonly Sent[]): Sent {
  const found = sent.findLast((one) => one.name?.startsWith(`${name}.`));
  if (found === undefined)
    throw new Error(
      `no statement ${name} was sent, but: ${sent.map(({ text }) => text.trim().slice(0, 60)).join(' | ')}`,
    );
  return found;
}

/** For which values a statement is planned. */
export type When = 'FIRST' | 'PREPARED' | 'ANY_VALUES';

/**
 * How does PostgreSQL go through the tables for this statement?
 *
 * `FIRST`: planned for its values. `PREPARED`: when it has been run five times before on its connection,
 * which is when PostgreSQL may keep a plan for any values. `ANY_VALUES`: it has kept one, because the values
 * of the first five runs matched most rows. Everything is taken back.
 */
export async function scans(client: pg.Client, { text, values }: Sent, when: When): Promise<Scan[]> {
  const explain = 'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)';
  const args = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
  const run = async (sql: string, given: readonly unknown[] = []) => {
    await client.query('SAVEPOINT before');
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(sql, [...given]);
    await client.query('ROLLBACK TO SAVEPOINT before');
    return rows[0]?.['QUERY PLAN']?.[0];
  };
  await client.query('BEGIN');
  try {
    if (when === 'FIRST') return scansOf((await run(`${explain} ${text}`, values))!.Plan);
    await client.query(`PREPARE hot AS ${text}`);
    if (when === 'ANY_VALUES') await client.query('SET LOCAL plan_cache_mode = force_generic_plan');
    for (let i = 0; i < 5; i++) await run(`EXECUTE hot${args}`);
    return scansOf((await run(`${explain} EXECUTE hot${args}`))!.Plan);
  } finally {
    await client.query('ROLLBACK');
    await client.query('DEALLOCATE ALL');
  }
}

function scansOf(node: Node): Scan[] {
  const table = node['Relation Name'] ?? tableOf(node['Index Name']);
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  const own =
    node['Node Type'].endsWith('Scan') && table !== undefined
      ? [
          {
            how: node['Node Type'],
            table: whole(table),
            index: node['Index Name'] ? whole(node['Index Name']) : null,
            rows: (node['Actual Rows'] + removed) * node['Actual Loops'],
          },
        ]
      : [];
  const arbiters = (node['Conflict Arbiter Indexes'] ?? []).map((index) => ({
    how: 'Conflict',
    table: tableOf(index)!,
    index: whole(index),
    rows: 0,
  }));
  return [...own, ...arbiters, ...(node.Plans ?? []).flatMap(scansOf)];
}

const tableOf = (index: string | undefined): string | undefined =>
  index && /^(?:host_heartbeat|host_history|host_gap|cohort_delta|host)/.exec(index)?.[0];
/** A partition counts as its table. */
const whole = (name: string): string => name.replace(/^(host_history|host_gap)_(?:\d{8}|rest)/, '$1');

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value))
    return pg.escapeLiteral(
      `{${value.map((one) => (one === null ? 'NULL' : `"${String(one).replaceAll(/["\\]/g, '\\$&')}"`)).join(',')}}`,
    );
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : pg.escapeLiteral(value instanceof Date ? value.toISOString() : (value as string));
}
