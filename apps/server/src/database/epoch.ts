import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { ClientBase } from 'pg';

/** The advisory lock of the server that begins an epoch. */
const BEGINNING = 72_707_372;
/** The checkpoint at the end of a recovery is no later than this after the start; the next one is not so early. */
const FIRST_CHECKPOINT_SECONDS = 25;

/**
 * Why an epoch began.
 *
 * `COPIED`: the rows were written by transactions of another database, as after dump and restore; also the first epoch, of rows from before there were any. `BRANCHED`: another timeline
 * of the same cluster, as after the promotion of a replica or a recovery to a point in time. `RESTARTED`: PostgreSQL was started again, on the same files or on an earlier copy of them.
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
const DATABASE = '(SELECT oid::bigint FROM pg_database WHERE datname = current_database())';
/** False for a row that was copied: its transaction is not the one that it names. */
const ORIGINAL = 'xmin::text::bigint = written_by % 4294967296';
/** Is this row the epoch that the primary is in? */
export const IS_CURRENT = `server_started = pg_postmaster_start_time() AND database_oid = ${DATABASE} AND ${ORIGINAL}`;

const log = new Logger('epoch');

/**
 * Begins a new epoch where transaction ids no longer mean what they meant.
 *
 * Rows and ids of snapshots name transactions of PostgreSQL. Such numbers are of one cluster and of one history of it: a restored dump has numbers of another cluster, and after a
 * recovery to a point in time numbers are given a second time. An epoch is one history; the id of a snapshot names the epoch that it is of.
 *
 * @returns the name of the epoch that this connection, to a primary, is in
 */
export async function ensureEpoch(client: ClientBase): Promise<string> {
  const known = await current(client);
  if (known !== null) return known;
  await client.query('BEGIN');
  try {
    await client.query('/* long */ SET LOCAL lock_timeout = 0');
    await client.query('/* long */ SET LOCAL statement_timeout = 0');
    await client.query(`/* long */ SELECT pg_advisory_xact_lock(${BEGINNING})`);
    // another server may have begun it meanwhile
    const begun = (await current(client)) ?? (await begin(client));
    await client.query('COMMIT');
    return begun;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** The name of the newest epoch, if this connection is in it. */
async function current(client: ClientBase): Promise<string | null> {
  const { rows } = await client.query(`SELECT CASE WHEN ${IS_CURRENT} THEN name::text END AS name FROM epoch ORDER BY number DESC LIMIT 1`);
  return (rows[0] as { name: string | null } | undefined)?.name ?? null;
}

async function begin(client: ClientBase): Promise<string> {
  const { rows: newest } = await client.query(
    `SELECT timeline, NOT (system_identifier = (SELECT system_identifier FROM pg_control_system()) AND database_oid = ${DATABASE} AND ${ORIGINAL}) AS copied
       FROM epoch ORDER BY number DESC LIMIT 1`,
  );
  const { rows: cluster } = await client.query(
    `SELECT ${TIMELINE} AS timeline, has_function_privilege('pg_read_file(text, bigint, bigint, boolean)', 'EXECUTE') AS readable,
            CASE WHEN checkpoint_time < pg_postmaster_start_time() + make_interval(secs => ${FIRST_CHECKPOINT_SECONDS}) THEN redo_lsn::text END AS redo
       FROM pg_control_checkpoint()`,
  );
  const last = newest[0] as Newest | undefined;
  const { timeline, redo, readable } = cluster[0] as Cluster;
  const cause: Cause = last === undefined || last.copied ? 'COPIED' : last.timeline === timeline ? 'RESTARTED' : 'BRANCHED';
  if (cause === 'COPIED') await forgetTransactions(client);
  const ended = cause === 'RESTARTED' ? redo : cause === 'BRANCHED' && readable ? await switchPoint(client, last!.timeline, timeline) : null;
  const name = randomUUID();
  await client.query(
    `INSERT INTO epoch (number, name, cause, system_identifier, timeline, database_oid, server_started, written_by, before_ended, at)
     SELECT coalesce((SELECT max(number) FROM epoch), 0) + 1, $1, $2, (SELECT system_identifier FROM pg_control_system()), $3, ${DATABASE}, pg_postmaster_start_time(),
            pg_current_xact_id()::text::bigint, ($4::pg_lsn - '0/0'), clock_timestamp()`,
    [name, cause, timeline, ended],
  );
  const line = `epoch ${name} of the database begins: ${cause}`;
  if (last === undefined || cause === 'RESTARTED') log.log(line);
  else log.warn(`${line}; snapshots of before are refused where they may lack something`);
  return name;
}

/** Where in the log did the earlier timeline end for the one that is current? Null: the current one does not come from it. */
async function switchPoint(client: ClientBase, earlier: number, current: number): Promise<string | null> {
  const name = `pg_wal/${current.toString(16).toUpperCase().padStart(8, '0')}.history`;
  const { rows } = await client.query('SELECT pg_read_file($1, 0, 1000000, true) AS history', [name]);
  const lines = ((rows[0] as { history: string | null }).history ?? '').split('\n').map((line) => line.trim().split(/\s+/));
  return lines.find(([timeline]) => timeline === String(earlier))?.[1] ?? null;
}

/**
 * Makes every transaction that rows name one that every snapshot has seen: 0, and the smallest numbers where a key needs different ones. No transaction of PostgreSQL has a number
 * below 3, and every cluster has used some hundreds before it is handed over.
 */
async function forgetTransactions(client: ClientBase): Promise<void> {
  // taken in the order in which a batch of reports takes them
  await client.query('/* long */ LOCK TABLE host, host_history, host_heartbeat, host_lapse IN SHARE ROW EXCLUSIVE MODE');
  for (const statement of [
    'UPDATE host SET opened_by = 0 WHERE opened_by <> 0 AND bucket BETWEEN 0 AND 255',
    'UPDATE host_heartbeat SET superseded_by = 0 WHERE superseded_by <> 0 AND bucket BETWEEN 0 AND 255',
    `UPDATE host_history p SET opened_by = 0, closed_by = k.place
       FROM (SELECT bucket, host_id, valid_until, closed_by, row_number() OVER (PARTITION BY bucket, host_id, valid_until ORDER BY closed_by) - 1 AS place FROM host_history) k
      WHERE p.bucket = k.bucket AND p.host_id = k.host_id AND p.valid_until = k.valid_until AND p.closed_by = k.closed_by AND (p.opened_by <> 0 OR p.closed_by <> k.place)`,
    `UPDATE host_lapse w SET opened_by = CASE WHEN w.opened_by IS NOT NULL THEN 0 END, closed_by = k.place
       FROM (SELECT bucket, host_id, until, kind, closed_by, row_number() OVER (PARTITION BY bucket, host_id, until, kind ORDER BY closed_by) - 1 AS place FROM host_lapse) k
      WHERE w.bucket = k.bucket AND w.host_id = k.host_id AND w.until = k.until AND w.kind = k.kind AND w.closed_by = k.closed_by
        AND (w.opened_by <> 0 OR w.closed_by <> k.place)`,
  ])
    await client.query(`/* long */ ${statement}`);
}
