import { Prisma } from './database.js';
import { IS_CURRENT } from './epoch.js';

/** To which history of transaction ids a snapshot belongs, and up to where in the write-ahead log it has seen commits. */
export interface Place {
  readonly epoch: string;
  readonly position: bigint;
}

/** How a statement tells its place: of a primary whose epoch has not begun yet the name is null. */
export interface WrittenPlace {
  readonly epoch: string | null;
  readonly position: string;
}

const POSITION = `(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
         WHEN current_setting('synchronous_commit') = 'off' THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END - '0/0')::text`;

/** The columns of a `WrittenPlace`: whatever the statement sees was committed before that position. */
export const PLACE: Prisma.Sql = Prisma.raw(
  `(SELECT CASE WHEN pg_is_in_recovery() OR ${IS_CURRENT} THEN name::text END FROM epoch ORDER BY number DESC LIMIT 1) AS epoch, ${POSITION} AS position`,
);
