import { Prisma } from '../../database/database.js';
import { openIsValidAt, closedIsValidAt, gapCovers, type AsOf, supersededAt } from '../history/as-of.js';

/** From which instants on facts are of which freshness, and old enough for the question. */
export interface FreshnessLimits {
  readonly lateSince: Date;
  readonly staleSince: Date;
  readonly allowedSince: Date;
  /** What was confirmed after that was confirmed by a clock that was wrong: when is not known. */
  readonly until: Date;
}

/** What an answer depends on beside the situation. */
export interface FreshnessKey {
  /** Null: never reported. */
  readonly situationId: string | null;
  readonly suspect: boolean;
  readonly superseded: boolean;
  /** `FRESH` stands for `LATE`, too: no answer depends on the difference. `AHEAD`: confirmed later than now, by a clock that was wrong. */
  readonly level: 'FRESH' | 'STALE' | 'LOST' | 'NEVER' | 'AHEAD';
  /** Confirmed longer ago than the question allows. */
  readonly overdue: boolean;
}

/**
 * Every host as it was at a moment, one row each: `(…) h` with the columns bucket, id, hostname, situation_id, label_set_id, boot_id, suspect, retired, confirmed_at, superseded.
 *
 * Of the present, the rows of hosts and heartbeats. Of the past, the interval that covers the moment, which is a closed one or the open one; and where a lapse covers it, the
 * confirmation before the lapse. A host's name is always today's.
 */
export function hostsAt(moment: AsOf): Prisma.Sql {
  if (!moment.past)
    return Prisma.sql`(
      SELECT h.bucket, h.id, h.hostname, h.situation_id, h.label_set_id, h.boot_id, h.suspect_since IS NOT NULL AS suspect, h.retired_at IS NOT NULL AS retired,
             b.confirmed_at, b.superseded_at IS NOT NULL AS superseded
        FROM host h LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id) h`;
  const then = (open: Prisma.Sql, closed: Prisma.Sql) => Prisma.sql`CASE WHEN p.host_id IS NULL THEN ${open} ELSE ${closed} END`;
  return Prisma.sql`(
      SELECT h.bucket, h.id, h.hostname, ${then(Prisma.sql`h.situation_id`, Prisma.sql`p.situation_id`)} AS situation_id,
             ${then(Prisma.sql`h.label_set_id`, Prisma.sql`p.label_set_id`)} AS label_set_id, ${then(Prisma.sql`h.boot_id`, Prisma.sql`p.boot_id`)} AS boot_id,
             ${then(Prisma.sql`h.suspect_since IS NOT NULL`, Prisma.sql`p.suspect`)} AS suspect, ${then(Prisma.sql`h.retired_at IS NOT NULL`, Prisma.sql`p.retired`)} AS retired,
             ${confirmedAt(moment)} AS confirmed_at, coalesce(w.superseded, false) OR coalesce(${supersededAt(moment)}, false) AS superseded
        FROM host h LEFT JOIN host_history p ON p.bucket = h.bucket AND p.host_id = h.id AND ${closedIsValidAt(moment)}
        LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
        LEFT JOIN LATERAL (SELECT min(w.since) FILTER (WHERE w.kind = 'SILENT') AS silent_since, bool_or(w.kind = 'SUPERSEDED') AS superseded
                             FROM host_lapse w WHERE w.bucket = h.bucket AND w.host_id = h.id AND ${gapCovers(moment)}) w ON true
       WHERE p.host_id IS NOT NULL OR ${openIsValidAt(moment)}) h`;
}

/** Of an answer that is still being given, what lies far ahead was not confirmed since: a clock was wrong. */
function confirmedAt({ now, pinned: justNow }: AsOf): Prisma.Sql {
  const then = Prisma.sql`least(coalesce(w.silent_since, b.confirmed_at), ${now}::timestamptz)`;
  return justNow === true ? Prisma.sql`CASE WHEN b.confirmed_at > ${latestPlausible(now)}::timestamptz THEN b.confirmed_at ELSE ${then} END` : then;
}

/** A confirmation may be this much later than now: servers read the clock of the database once in a while. */
const AHEAD_MS = 60_000;

/** Confirmations later than this were told by a clock that was wrong. */
export const latestPlausible = (now: Date): Date => new Date(now.getTime() + AHEAD_MS);

/** The level of a row of `hostsAt`. */
export const levelColumn = (ages: FreshnessLimits): Prisma.Sql => Prisma.sql`
  CASE WHEN h.situation_id IS NULL OR h.confirmed_at IS NULL THEN 'NEVER' WHEN h.confirmed_at > ${ages.until}::timestamptz THEN 'AHEAD' WHEN h.confirmed_at >= ${ages.lateSince}::timestamptz THEN 'FRESH'
       WHEN h.confirmed_at >= ${ages.staleSince}::timestamptz THEN 'STALE' ELSE 'LOST' END`;

/** Is a row of `hostsAt` older than the question allows? */
export const overdueColumn = (ages: FreshnessLimits): Prisma.Sql =>
  Prisma.sql`(h.situation_id IS NOT NULL AND coalesce(h.confirmed_at < ${ages.allowedSince}::timestamptz, false))`;

/** The columns of the freshness key of a row of `hostsAt`. */
export const freshnessKeyColumns = (ages: FreshnessLimits): Prisma.Sql =>
  Prisma.sql`h.situation_id, h.suspect, coalesce(h.superseded AND h.situation_id IS NOT NULL, false) AS superseded, ${levelColumn(ages)} AS level, ${overdueColumn(ages)} AS overdue`;

/** One text for a freshness key; SQL below gives the same one for a row. */
export const freshnessKeyText = ({ situationId, suspect, superseded: fallen, level, overdue }: FreshnessKey): string =>
  `${situationId ?? '-'}|${suspect ? 't' : 'f'}|${fallen ? 't' : 'f'}|${level}|${overdue ? 't' : 'f'}`;

/** Whether a row of `hostsAt` has one of these freshness keys. */
export const hasFreshnessKey = (wanted: readonly FreshnessKey[], ages: FreshnessLimits): Prisma.Sql => Prisma.sql`
  concat_ws('|', coalesce(h.situation_id::text, '-'), h.suspect, coalesce(h.superseded AND h.situation_id IS NOT NULL, false), ${levelColumn(ages)}, ${overdueColumn(ages)}) = ANY(${[
    ...new Set(wanted.map(freshnessKeyText)),
  ]}::text[])`;

/** Hosts that were confirmed since then are of the usual freshness of their cohort. */
export const staleBefore = ({ lateSince, allowedSince }: FreshnessLimits): Date => (lateSince > allowedSince ? lateSince : allowedSince);

/** Keys of all hosts that may be overdue or superseded at a moment, and of some others: by the index of confirmations, and by the lapses that covered it. */
export function staleHostKeys(ages: FreshnessLimits, moment: AsOf): Prisma.Sql[] {
  const since = staleBefore(ages);
  const now = Prisma.sql`SELECT bucket, host_id FROM host_heartbeat
    WHERE (confirmed_after < ${since}::timestamptz AND confirmed_at < ${since}::timestamptz) OR confirmed_after > ${ages.until}::timestamptz OR superseded_at IS NOT NULL`;
  return moment.past ? [now, Prisma.sql`SELECT w.bucket, w.host_id FROM host_lapse w WHERE ${gapCovers(moment)}`] : [now];
}
