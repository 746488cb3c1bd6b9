import { sql, type Sql } from '../../database/sql.js';

/** Where a snapshot was taken: its transaction ids mean something in this epoch only. */
export interface SnapshotOrigin {
  /** The epoch's name. */
  readonly epoch: string;
  /** In the write-ahead log: the snapshot has seen every commit before it. */
  readonly position: bigint;
}

/** The instant that a question is about. */
export interface AsOf {
  /** Ages are counted from here. */
  readonly now: Date;
  /**
   * `pg_current_snapshot()` of an earlier answer: exactly what was committed then counts, whatever the clocks
   * of servers said. Null: `now` alone decides.
   */
  readonly snapshot: string | null;
  /** False: what is stored at this instant counts, whatever `snapshot` says. */
  readonly past: boolean;
  /** True: pinned by an answer about the present that is still being given; ages are those of the present. */
  readonly pinned?: boolean;
  /** True: a replica has not seen it yet, and the primary answers. */
  readonly usesPrimary?: boolean;
  /** Of the snapshot. */
  readonly origin?: SnapshotOrigin;
  /** The epoch in which it was looked up: statements of another epoch must not answer for it. */
  readonly epoch?: string;
}

/** The present, as seen at this instant. */
export const present = (now: Date): AsOf => ({ now, snapshot: null, past: false });

const DAY_MS = 24 * 60 * 60 * 1000;

/** Clocks of servers may differ by a day. PostgreSQL leaves out the partitions that ended before. */
const dayBefore = (instant: Date): Date => new Date(instant.getTime() - DAY_MS);

const isVisible = (transaction: Sql, snapshot: string): Sql =>
  sql`pg_visible_in_snapshot(${transaction}::text::xid8, ${snapshot}::pg_snapshot)`;
// the first test is for the index on the transaction
const isLater = (transaction: Sql, snapshot: string): Sql => sql`
  (${transaction} >= pg_snapshot_xmin(${snapshot}::pg_snapshot)::text::bigint
   AND NOT ${isVisible(transaction, snapshot)})`;

/** Whether the open interval of `host h` had begun. */
export function openIsValidAt({ now, snapshot, past }: AsOf): Sql {
  if (!past) return sql`true`;
  return snapshot === null ? sql`h.since <= ${now}::timestamptz` : isVisible(sql`h.opened_by`, snapshot);
}

/** Whether the open interval of `host h` began later; of the present, never. */
export function openedAfter({ now, snapshot, past }: AsOf): Sql {
  if (!past) return sql`false`;
  return snapshot === null ? sql`h.since > ${now}::timestamptz` : isLater(sql`h.opened_by`, snapshot);
}

/** Whether the closed interval `host_history p` was open. */
export const closedIsValidAt = ({ now, snapshot }: AsOf): Sql =>
  snapshot === null
    ? sql`(p.valid_until > ${now}::timestamptz AND p.valid_from <= ${now}::timestamptz)`
    : sql`
        (p.valid_until > ${dayBefore(now)}::timestamptz
         AND ${isLater(sql`p.closed_by`, snapshot)}
         AND ${isVisible(sql`p.opened_by`, snapshot)})`;

/** Whether the closed interval `host_history p` had ended. */
export function closedBefore({ now, snapshot, past }: AsOf): Sql {
  if (!past) return sql`true`;
  return snapshot === null
    ? sql`p.valid_until <= ${now}::timestamptz`
    : isVisible(sql`p.closed_by`, snapshot);
}

/** Whether `host_gap w` lasted. */
export const gapCovers = ({ now, snapshot }: AsOf): Sql =>
  snapshot === null
    ? sql`(w.until > ${now}::timestamptz AND w.since <= ${now}::timestamptz)`
    : sql`
        (w.until > ${dayBefore(now)}::timestamptz
         AND ${isLater(sql`w.closed_by`, snapshot)}
         AND (w.opened_by IS NULL OR ${isVisible(sql`w.opened_by`, snapshot)}))`;

/** Whether the facts in `host_heartbeat b` were superseded. */
export function supersededAt({ now, snapshot, past }: AsOf): Sql {
  if (!past) return sql`b.superseded_at IS NOT NULL`;
  const then =
    snapshot === null
      ? sql`b.superseded_at <= ${now}::timestamptz`
      : isVisible(sql`b.superseded_by`, snapshot);
  return sql`(b.superseded_at IS NOT NULL AND ${then})`;
}
