import { empty, join, sql, type Sql } from '../../database/sql.js';
import { type AsOf, closedIsValidAt, gapCovers, openIsValidAt, supersededAt } from '../history/as-of.js';

/** The instants from which a confirmation is late, stale, or too old for the question. */
export interface FreshnessLimits {
  readonly lateSince: Date;
  readonly staleSince: Date;
  readonly allowedSince: Date;
  /** A later confirmation was made by a wrong clock: its true time is not known. */
  readonly until: Date;
}

/** What a verdict depends on: the situation, and how fresh its facts are. */
export interface FreshnessKey {
  /** Null: never reported. */
  readonly situationId: string | null;
  readonly suspect: boolean;
  readonly superseded: boolean;
  /**
   * `FRESH` includes `LATE`: no verdict depends on the difference. `AHEAD`: confirmed later than now, by a
   * wrong clock.
   */
  readonly level: 'FRESH' | 'STALE' | 'LOST' | 'NEVER' | 'AHEAD';
  /** Confirmed longer ago than the question allows. */
  readonly overdue: boolean;
  /**
   * The part of the fleet, by its index, if a policy has other rules for other hosts. No statement depends on
   * it.
   */
  readonly part?: number;
}

/**
 * Every host at an instant, one row each: `(…) h` with the columns bucket, id, hostname, situation_id,
 * label_set_id, boot_id, suspect, retired, confirmed_at, age_unknown, superseded.
 *
 * In the present these are the rows of hosts and heartbeats. In the past it is the interval that was valid,
 * closed or open; if a gap covers the instant, the confirmation before the gap counts. The name is always the
 * current one.
 *
 * `age_unknown`: the situation of a pinned answer changed while the answer was made. When it was last
 * confirmed is no longer stored, except that it was at most five intervals before.
 */
export function hostsAt(asOf: AsOf): Sql {
  if (!asOf.past)
    return sql`(
      SELECT h.bucket,
             h.id,
             h.hostname,
             h.situation_id,
             h.label_set_id,
             h.boot_id,
             h.suspect_since IS NOT NULL AS suspect,
             h.retired_at IS NOT NULL AS retired,
             b.confirmed_at,
             false AS age_unknown,
             b.superseded_at IS NOT NULL AS superseded
        FROM host h
        LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id) h`;
  const isOpen = sql`p.host_id IS NULL`;
  return sql`(
      SELECT h.bucket,
             h.id,
             h.hostname,
             CASE WHEN ${isOpen} THEN h.situation_id ELSE p.situation_id END AS situation_id,
             CASE WHEN ${isOpen} THEN h.label_set_id ELSE p.label_set_id END AS label_set_id,
             CASE WHEN ${isOpen} THEN h.boot_id ELSE p.boot_id END AS boot_id,
             CASE WHEN ${isOpen} THEN h.suspect_since IS NOT NULL ELSE p.suspect END AS suspect,
             CASE WHEN ${isOpen} THEN h.retired_at IS NOT NULL ELSE p.retired END AS retired,
             ${confirmedAt(asOf)} AS confirmed_at,
             ${isAgeUnknown(asOf)} AS age_unknown,
             coalesce(w.superseded, false) OR coalesce(${supersededAt(asOf)}, false) AS superseded
        FROM host h
        LEFT JOIN host_history p ON p.bucket = h.bucket AND p.host_id = h.id AND ${closedIsValidAt(asOf)}
        LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
        LEFT JOIN LATERAL (
               SELECT min(w.since) FILTER (WHERE w.kind = 'SILENT') AS silent_since,
                      bool_or(w.kind = 'SUPERSEDED') AS superseded
                 FROM host_gap w
                WHERE w.bucket = h.bucket AND w.host_id = h.id AND ${gapCovers(asOf)}) w ON true
       WHERE p.host_id IS NOT NULL OR ${openIsValidAt(asOf)}) h`;
}

/** In a pinned answer, a confirmation far in the future was made by a wrong clock, not after the answer. */
function confirmedAt({ now, pinned }: AsOf): Sql {
  const then = sql`least(coalesce(w.silent_since, b.confirmed_at), ${now}::timestamptz)`;
  return pinned === true
    ? sql`CASE WHEN b.confirmed_at > ${latestPlausible(now)}::timestamptz THEN b.confirmed_at ELSE ${then} END`
    : then;
}

const isAgeUnknown = ({ now, pinned }: AsOf): Sql =>
  pinned === true
    ? sql`
        (p.host_id IS NOT NULL
         AND w.silent_since IS NULL
         AND coalesce(b.confirmed_at <= ${latestPlausible(now)}::timestamptz, false))`
    : sql`false`;

/**
 * Servers read the clock of the database from time to time: a confirmation may be this much later than now.
 */
const AHEAD_MS = 60_000;

/** A later confirmation was made by a wrong clock. */
export const latestPlausible = (now: Date): Date => new Date(now.getTime() + AHEAD_MS);

/** The freshness of a confirmation that exists. */
export const levelOfConfirmation = (
  confirmedAt: Sql,
  { until, lateSince, staleSince }: FreshnessLimits,
): Sql => sql`
  CASE WHEN ${confirmedAt} > ${until}::timestamptz THEN 'AHEAD'
       WHEN ${confirmedAt} >= ${lateSince}::timestamptz THEN 'FRESH'
       WHEN ${confirmedAt} >= ${staleSince}::timestamptz THEN 'STALE'
       ELSE 'LOST' END`;

/** The column `level` of a row of `hostsAt`. */
export const levelColumn = (limits: FreshnessLimits): Sql => sql`
  CASE WHEN h.situation_id IS NULL OR h.confirmed_at IS NULL THEN 'NEVER'
       ELSE ${levelOfConfirmation(sql`h.confirmed_at`, limits)} END`;

/** Whether an unknown age is too high: it may be anything up to five intervals. */
export const isUnknownOverdue = ({ lateSince, allowedSince }: FreshnessLimits): boolean =>
  allowedSince > lateSince;

/** The column `overdue` of a row of `hostsAt`. */
export const overdueColumn = (limits: FreshnessLimits): Sql => sql`
  (h.situation_id IS NOT NULL
   AND (coalesce(h.confirmed_at < ${limits.allowedSince}::timestamptz, false)
        ${isUnknownOverdue(limits) ? sql`OR h.age_unknown` : empty}))`;

/** The column `superseded` of a row of `hostsAt`. */
export const SUPERSEDED_COLUMN: Sql = sql`coalesce(h.superseded AND h.situation_id IS NOT NULL, false)`;

/** The columns of the freshness key of a row of `hostsAt`. */
export const freshnessKeyColumns = (limits: FreshnessLimits): Sql => sql`
  h.situation_id,
  h.suspect,
  ${SUPERSEDED_COLUMN} AS superseded,
  ${levelColumn(limits)} AS level,
  ${overdueColumn(limits)} AS overdue`;

/** A freshness key as one text; `hasFreshnessKey` makes the same text of a row. */
export const freshnessKeyText = ({
  situationId,
  suspect,
  superseded,
  level,
  overdue,
}: FreshnessKey): string =>
  [situationId ?? '-', suspect ? 't' : 'f', superseded ? 't' : 'f', level, overdue ? 't' : 'f'].join('|');

/** Whether a row of `hostsAt` has one of these freshness keys. */
export function hasFreshnessKey(keys: readonly FreshnessKey[], limits: FreshnessLimits): Sql {
  const texts = [...new Set(keys.map(freshnessKeyText))];
  const ofRow = join([
    sql`'|'`,
    sql`coalesce(h.situation_id::text, '-')`,
    sql`h.suspect`,
    SUPERSEDED_COLUMN,
    levelColumn(limits),
    overdueColumn(limits),
  ]);
  return sql`concat_ws(${ofRow}) = ANY(${texts}::text[])`;
}

/** A host that was confirmed since then has the usual freshness of its cohort. */
const staleBefore = ({ lateSince, allowedSince }: FreshnessLimits): Date =>
  lateSince > allowedSince ? lateSince : allowedSince;

/**
 * The rows of `host_heartbeat` that are not as fresh as their cohort. `confirmed_after` is for its index.
 *
 * PostgreSQL may keep a plan for any values, above all one from an outage. It takes a range with two ends to
 * be small, and one with a single end to be a third of the table, which it would read whole.
 */
export const isStaleHeartbeat = (limits: FreshnessLimits): Sql => sql`
  ((confirmed_after >= '-infinity'
    AND confirmed_after < ${staleBefore(limits)}::timestamptz
    AND confirmed_at < ${staleBefore(limits)}::timestamptz)
   OR confirmed_after > ${limits.until}::timestamptz
   OR superseded_at IS NOT NULL)`;

/** Statements for the keys of all hosts that may be overdue or superseded, and of some others. */
export function staleHostKeys(limits: FreshnessLimits, asOf: AsOf): Sql[] {
  const now = sql`SELECT bucket, host_id FROM host_heartbeat WHERE ${isStaleHeartbeat(limits)}`;
  const gaps = sql`SELECT w.bucket, w.host_id FROM host_gap w WHERE ${gapCovers(asOf)}`;
  if (!asOf.past) return [now];
  if (asOf.pinned !== true || !isUnknownOverdue(limits)) return [now, gaps];
  return [now, gaps, sql`SELECT p.bucket, p.host_id FROM host_history p WHERE ${closedIsValidAt(asOf)}`];
}
