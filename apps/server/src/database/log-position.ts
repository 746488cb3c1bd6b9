import { IS_CURRENT } from './epoch.js';
import { raw, type Sql } from './sql.js';

/**
 * The epoch and the position in the write-ahead log of a statement: what the statement sees was committed
 * before.
 */
export interface LogPosition {
  /** Null: on a primary whose epoch has not begun yet. */
  readonly epoch: string | null;
  readonly position: string;
}

const POSITION = `(CASE
    WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
    WHEN current_setting('synchronous_commit') = 'off' THEN pg_current_wal_insert_lsn()
    ELSE pg_current_wal_flush_lsn()
  END - '0/0')::text`;

/** The columns of a `LogPosition`. */
export const LOG_POSITION: Sql = raw(
  `(SELECT CASE WHEN pg_is_in_recovery() OR ${IS_CURRENT} THEN name::text END
      FROM epoch
     ORDER BY number DESC
     LIMIT 1) AS epoch,
   ${POSITION} AS position`,
);
