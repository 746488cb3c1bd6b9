import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { ClientBase } from 'pg';
import { long } from './sql.js';

/** The advisory lock of the server that begins an epoch. */
const EPOCH_LOCK = 72_707_372;
/** The checkpoint that ends a recovery comes at most this long after the start; the next one comes later. */
const FIRST_CHECKPOINT_SECONDS = 25;

/**
 * Why an epoch began.
 *
 * - `COPIED`: transactions of another database wrote the rows, as after dump and restore. Also the first
 *   epoch, for rows that are older than epochs.
 * - `BRANCHED`: another timeline of the same cluster, as after the promotion of a replica or a recovery to a
 *   point in time.
 * - `RESTARTED`: PostgreSQL was restarted, on the same files or on an earlier copy of them.
 */
type Cause = 'COPIED' | 'BRANCHED' | 'RESTARTED';

interface Newest {
  readonly timeline: number;
  readonly copied: boolean;
}

interface Cluster {
  readonly timeline: number;
  readonly redo: string | null;
  readonly readable: boolean;
}

const TIMELINE = `('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int`;
const SYSTEM = '(SELECT system_identifier FROM pg_control_system())';
const DATABASE = '(SELECT oid::bigint FROM pg_database WHERE datname = current_database())';
/** False for a row that was copied: its transaction is not the one that it records. */
const ORIGINAL = 'xmin::text::bigint = written_by % 4294967296';
/** Whether a row of `epoch` is the epoch that the primary is in. */
export const IS_CURRENT = `
  server_started = pg_postmaster_start_time() AND database_oid = ${DATABASE} AND ${ORIGINAL}`;

const log = new Logger('epoch');

/**
 * Begins a new epoch if transaction ids no longer mean what they meant.
 *
 * Rows and snapshots name transactions of PostgreSQL. Their ids belong to one history of one cluster: a
 * restored dump has ids of another cluster, and after a recovery to a point in time ids are given a second
 * time. An epoch is one history; the id of a snapshot names its epoch.
 *
 * @returns the name of the epoch that this connection, to a primary, is in
 */
export async function ensureEpoch(client: ClientBase): Promise<string> {
  const known = await current(client);
  if (known !== null) return known;
  await client.query('BEGIN');
  try {
    await client.query(long('SET LOCAL lock_timeout = 0'));
    await client.query(long('SET LOCAL statement_timeout = 0'));
    await client.query(long(`SELECT pg_advisory_xact_lock(${EPOCH_LOCK})`));
    // another server may have begun it meanwhile
    const name = (await current(client)) ?? (await begin(client));
    await client.query('COMMIT');
    return name;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** The name of the newest epoch, if this connection is in it. */
async function current(client: ClientBase): Promise<string | null> {
  const { rows } = await client.query(
    `SELECT CASE WHEN ${IS_CURRENT} THEN name::text END AS name
       FROM epoch
      ORDER BY number DESC
      LIMIT 1`,
  );
  return (rows[0] as { name: string | null } | undefined)?.name ?? null;
}

async function begin(client: ClientBase): Promise<string> {
  const { rows: newest } = await client.query(
    `SELECT timeline,
            NOT (system_identifier = ${SYSTEM} AND database_oid = ${DATABASE} AND ${ORIGINAL}) AS copied
       FROM epoch
      ORDER BY number DESC
      LIMIT 1`,
  );
  const { rows: cluster } = await client.query(
    `SELECT ${TIMELINE} AS timeline,
            has_function_privilege('pg_read_file(text, bigint, bigint, boolean)', 'EXECUTE') AS readable,
            CASE WHEN checkpoint_time
                      < pg_postmaster_start_time() + make_interval(secs => ${FIRST_CHECKPOINT_SECONDS})
                 THEN redo_lsn::text END AS redo
       FROM pg_control_checkpoint()`,
  );
  const last = newest[0] as Newest | undefined;
  const { timeline, redo, readable } = cluster[0] as Cluster;
  const cause = causeOf(last, timeline);
  if (cause === 'COPIED') await forgetTransactions(client);
  const branch =
    cause === 'BRANCHED' && readable ? await switchPoint(client, last!.timeline, timeline) : null;
  const ended = cause === 'RESTARTED' ? redo : branch;
  const name = randomUUID();
  await client.query(
    `INSERT INTO epoch (number, name, cause, system_identifier, timeline, database_oid, server_started,
                        written_by, before_ended, at)
     SELECT coalesce((SELECT max(number) FROM epoch), 0) + 1,
            $1,
            $2,
            ${SYSTEM},
            $3,
            ${DATABASE},
            pg_postmaster_start_time(),
            pg_current_xact_id()::text::bigint,
            ($4::pg_lsn - '0/0'),
            clock_timestamp()`,
    [name, cause, timeline, ended],
  );
  const line = `epoch ${name} of the database begins: ${cause}`;
  if (last === undefined || cause === 'RESTARTED') log.log(line);
  else log.warn(`${line}; earlier snapshots are refused if they may lack something`);
  return name;
}

function causeOf(last: Newest | undefined, timeline: number): Cause {
  if (last === undefined || last.copied) return 'COPIED';
  return last.timeline === timeline ? 'RESTARTED' : 'BRANCHED';
}

/** The position at which the current timeline left an earlier one; null: it does not come from it. */
async function switchPoint(client: ClientBase, earlier: number, timeline: number): Promise<string | null> {
  const file = `pg_wal/${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
  const { rows } = await client.query('SELECT pg_read_file($1, 0, 1000000, true) AS history', [file]);
  const history = (rows[0] as { history: string | null }).history ?? '';
  const lines = history.split('\n').map((line) => line.trim().split(/\s+/));
  return lines.find(([number]) => number === String(earlier))?.[1] ?? null;
}

/**
 * Replaces the transaction ids in rows by ids that every snapshot has seen: 0, and the smallest numbers if a
 * key needs different ones. No transaction of PostgreSQL has an id below 3, and a new cluster has already
 * used some hundreds.
 */
async function forgetTransactions(client: ClientBase): Promise<void> {
  // in the order in which a batch of reports locks them
  await client.query(
    long('LOCK TABLE host, host_history, host_heartbeat, host_gap IN SHARE ROW EXCLUSIVE MODE'),
  );
  for (const statement of [
    'UPDATE host SET opened_by = 0 WHERE opened_by <> 0 AND bucket BETWEEN 0 AND 255',
    'UPDATE host_heartbeat SET superseded_by = 0 WHERE superseded_by <> 0 AND bucket BETWEEN 0 AND 255',
    `UPDATE host_history p
        SET opened_by = 0, closed_by = k.rank
       FROM (SELECT bucket, host_id, valid_until, closed_by,
                    row_number() OVER (
                      PARTITION BY bucket, host_id, valid_until ORDER BY closed_by) - 1 AS rank
               FROM host_history) k
      WHERE p.bucket = k.bucket
        AND p.host_id = k.host_id
        AND p.valid_until = k.valid_until
        AND p.closed_by = k.closed_by
        AND (p.opened_by <> 0 OR p.closed_by <> k.rank)`,
    `UPDATE host_gap w
        SET opened_by = CASE WHEN w.opened_by IS NOT NULL THEN 0 END, closed_by = k.rank
       FROM (SELECT bucket, host_id, until, kind, closed_by,
                    row_number() OVER (
                      PARTITION BY bucket, host_id, until, kind ORDER BY closed_by) - 1 AS rank
               FROM host_gap) k
      WHERE w.bucket = k.bucket
        AND w.host_id = k.host_id
        AND w.until = k.until
        AND w.kind = k.kind
        AND w.closed_by = k.closed_by
        AND (w.opened_by <> 0 OR w.closed_by <> k.rank)`,
  ])
    await client.query(long(statement));
}
