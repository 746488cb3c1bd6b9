import { Prisma } from '../../database/database.js';

/** Where a snapshot was taken: its transaction ids mean something in this epoch only. */
export interface SnapshotOrigin {
  /** The epoch's name. */
  readonly epoch: string;
  /** In the write-ahead log: the snapshot has seen every commit before it. */
  readonly position: bigint;
}

/** An instant at which the fleet is looked at. */
export interface AsOf {
  /** From which ages are counted. */
  readonly now: Date;
  /**
   * `pg_current_snapshot()` of the answer that is asked again: exactly what was committed then counts, whatever the clocks of servers said. Null: what counts follows from
   * `now` alone.
   */
  readonly snapshot: string | null;
  /** False: what is stored now counts, whatever `snapshot` says. */
  readonly past: boolean;
  /** True: of an answer about the present, which is still being given: ages are known as those of the present are. */
  readonly pinned?: boolean;
  /** True: a replica does not know it yet, and the database itself is asked. */
  readonly usesPrimary?: boolean;
  /** Of a snapshot: to which history of the database it belongs. */
  readonly origin?: SnapshotOrigin;
  /** The epoch in which it was looked up: statements of another one may not answer for it. */
  readonly epoch?: string;
}

/** The present, as seen from this instant. */
export const present = (now: Date): AsOf => ({ now, snapshot: null, past: false });

const DAY_MS = 24 * 60 * 60 * 1000;

const visible = (transaction: Prisma.Sql, snapshot: string): Prisma.Sql =>
  Prisma.sql`pg_visible_in_snapshot(${transaction}::text::xid8, ${snapshot}::pg_snapshot)`;
const notYet = (transaction: Prisma.Sql, snapshot: string): Prisma.Sql =>
  Prisma.sql`(${transaction} >= pg_snapshot_xmin(${snapshot}::pg_snapshot)::text::bigint AND NOT ${visible(transaction, snapshot)})`;

/** Had the open interval of `host h` begun by then? */
export const openIsValidAt = ({ now, snapshot, past }: AsOf): Prisma.Sql =>
  !past ? Prisma.sql`true` : snapshot === null ? Prisma.sql`h.since <= ${now}::timestamptz` : visible(Prisma.sql`h.opened_by`, snapshot);

/** Did the open interval of `host h` begin after that? Never, of the present. */
export const openedAfter = ({ now, snapshot, past }: AsOf): Prisma.Sql =>
  !past ? Prisma.sql`false` : snapshot === null ? Prisma.sql`h.since > ${now}::timestamptz` : notYet(Prisma.sql`h.opened_by`, snapshot);

/** Was the closed interval `host_history p` open then? The bare instant is for PostgreSQL, which leaves out the partitions of earlier days by it; clocks may differ by a day. */
export const closedIsValidAt = ({ now, snapshot }: AsOf): Prisma.Sql =>
  snapshot === null
    ? Prisma.sql`(p.valid_until > ${now}::timestamptz AND p.valid_from <= ${now}::timestamptz)`
    : Prisma.sql`(p.valid_until > ${dayBefore(now)}::timestamptz AND ${notYet(Prisma.sql`p.closed_by`, snapshot)} AND ${visible(Prisma.sql`p.opened_by`, snapshot)})`;

/** Did `host_lapse w` last then? */
export const gapCovers = ({ now, snapshot }: AsOf): Prisma.Sql =>
  snapshot === null
    ? Prisma.sql`(w.until > ${now}::timestamptz AND w.since <= ${now}::timestamptz)`
    : Prisma.sql`(w.until > ${dayBefore(now)}::timestamptz AND ${notYet(Prisma.sql`w.closed_by`, snapshot)} AND (w.opened_by IS NULL OR ${visible(Prisma.sql`w.opened_by`, snapshot)}))`;

/** Were the facts in `host_heartbeat b` superseded by then? */
export const supersededAt = ({ now, snapshot, past }: AsOf): Prisma.Sql => {
  const ever = Prisma.sql`b.superseded_at IS NOT NULL`;
  if (!past) return ever;
  return snapshot === null
    ? Prisma.sql`(${ever} AND b.superseded_at <= ${now}::timestamptz)`
    : Prisma.sql`(${ever} AND ${visible(Prisma.sql`b.superseded_by`, snapshot)})`;
};

const dayBefore = (instant: Date): Date => new Date(instant.getTime() - DAY_MS);
