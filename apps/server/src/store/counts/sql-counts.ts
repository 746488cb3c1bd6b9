import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { LOG_POSITION, type LogPosition } from '../../database/log-position.js';
import { ReadDatabase } from '../../database/read-database.js';
import { join, long, named, sql, type Sql } from '../../database/sql.js';
import type { Revision } from '../catalog/revisions.js';
import { type AsOf, closedIsValidAt, openedAfter } from '../history/as-of.js';
import { sameEpoch } from '../history/epochs.store.js';
import { type Condition, inCohort, matching } from '../hosts/condition.js';
import {
  type FreshnessKey,
  freshnessKeyColumns,
  freshnessKeyText,
  type FreshnessLimits,
  hostsAt,
  overdueColumn,
  staleHostKeys,
} from '../hosts/hosts-at.js';
import { CURRENT_COUNTS, NO_SITUATION } from './cohorts.store.js';
import type { CohortGroup, CohortRow, Counter, WrittenCounts } from './fleet-counts.js';

/** At most this number of cohorts is returned with the counts; more are returned by page. */
const COHORTS_RETURNED = 5_000;

/** A row as PostgreSQL writes it. */
export type FlatRow = FreshnessKey & { readonly hosts: number; readonly labelSetId: string };

interface Written extends LogPosition, Revision {
  readonly counts: string;
  readonly cohorts: string | null;
  readonly snapshot: string;
}

/**
 * Counts the fleet in PostgreSQL: the truth that the cache is compared with, and the way for the past, for
 * replicas and for hosts by name.
 *
 * It adds up the cohorts. They do not contain ages: hosts that are overdue or superseded are found by an
 * index and taken out of their cohort. Hosts that a condition names are read one by one instead.
 */
@Injectable()
export class SqlCounts implements Counter {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  async counts(
    condition: Condition,
    limits: FreshnessLimits,
    asOf: AsOf,
    withCohorts: boolean,
  ): Promise<WrittenCounts> {
    // the rows come back as one text: a thousand rows cost the driver more than the database
    const [written] = await (asOf.usesPrimary ? this.db : this.read).$queryRaw<Written[]>(
      long(
        named(
          'fleet.counts',
          sql`
            WITH each AS MATERIALIZED (
                   SELECT nullif(situation_id, ${NO_SITUATION}::uuid) AS "situationId",
                          label_set_id AS "labelSetId",
                          suspect,
                          superseded,
                          level,
                          overdue,
                          hosts
                     FROM (${cohortsAt(condition, limits, asOf)}) cohorts
                    WHERE hosts > 0),
                 sums AS (
                   SELECT "situationId", suspect, superseded, level, overdue, sum(hosts)::bigint AS hosts
                     FROM each
                    GROUP BY 1, 2, 3, 4, 5)
            SELECT (SELECT coalesce(json_agg(sums), '[]')::text FROM sums) AS counts,
                   CASE WHEN ${withCohorts} AND (SELECT count(*) FROM each) <= ${COHORTS_RETURNED}
                        THEN (SELECT coalesce(json_agg(each), '[]')::text FROM each) END AS cohorts,
                   pg_current_snapshot()::text AS snapshot,
                   ${LOG_POSITION},
                   revision.number,
                   revision.name
              FROM (SELECT number, name FROM catalog_revision ORDER BY number DESC LIMIT 1) revision`,
        ),
      ),
    );
    const { counts, cohorts, snapshot, number, name, epoch, position } = written!;
    sameEpoch(asOf, epoch);
    const share = sharing();
    return {
      rows: rowsOf(counts, share),
      cohorts: cohorts === null ? null : groupsOf(rowsOf(cohorts, share)),
      snapshot,
      origin: { epoch, position },
      revision: { number, name },
    };
  }
}

/** The cohorts of matching hosts by freshness key; the nil id stands for no situation. */
export function cohortsAt(condition: Condition, limits: FreshnessLimits, asOf: AsOf): Sql {
  const columns = sql`h.label_set_id, ${freshnessKeyColumns(limits)}`;
  if (condition.hosts !== null)
    return sql`
      SELECT coalesce(situation_id, ${NO_SITUATION}::uuid) AS situation_id,
             label_set_id,
             suspect,
             superseded,
             level,
             overdue,
             count(*) AS hosts
        FROM (SELECT ${columns} FROM ${hostsAt(asOf)} WHERE ${matching(condition, asOf)}) h
       GROUP BY 1, 2, 3, 4, 5, 6`;
  return sql`
      WITH counted AS (
             SELECT situation_id, label_set_id, suspect, sum(hosts)::bigint AS hosts
               FROM (${countsAt(condition, asOf)}) c
              GROUP BY 1, 2, 3),
           stale AS (
             SELECT ${columns}, count(*) AS hosts
               FROM ${staleHosts(condition, limits, asOf)}
              GROUP BY 1, 2, 3, 4, 5, 6),
           taken AS (
             SELECT situation_id, label_set_id, suspect, sum(hosts)::bigint AS hosts
               FROM stale
              GROUP BY 1, 2, 3)
      SELECT situation_id,
             label_set_id,
             suspect,
             false AS superseded,
             CASE WHEN situation_id = ${NO_SITUATION}::uuid THEN 'NEVER' ELSE 'FRESH' END AS level,
             false AS overdue,
             c.hosts - coalesce(taken.hosts, 0) AS hosts
        FROM counted c
        LEFT JOIN taken USING (situation_id, label_set_id, suspect)
       UNION ALL
      SELECT situation_id, label_set_id, suspect, superseded, level, overdue, hosts
        FROM stale`;
}

/** The counts at an instant: the present ones, without later intervals, and with those that ended since. */
function countsAt(condition: Condition, asOf: AsOf): Sql {
  const now = sql`SELECT c.* FROM (${CURRENT_COUNTS}) c WHERE ${inCohort(condition, 'c')}`;
  if (!asOf.past) return now;
  return sql`
      ${now}
       UNION ALL
      SELECT coalesce(h.situation_id, ${NO_SITUATION}::uuid), h.label_set_id, h.suspect_since IS NOT NULL, -1
        FROM host h
       WHERE ${openedAfter(asOf)} AND h.retired_at IS NULL AND ${inCohort(condition, 'h')}
       UNION ALL
      SELECT coalesce(p.situation_id, ${NO_SITUATION}::uuid), p.label_set_id, p.suspect, 1
        FROM host_history p
       WHERE ${closedIsValidAt(asOf)} AND NOT p.retired AND ${inCohort(condition, 'p')}`;
}

/** The matching hosts that are not as fresh as their cohort: `(…) h`, as `hostsAt`. */
function staleHosts(condition: Condition, limits: FreshnessLimits, asOf: AsOf): Sql {
  return sql`(
      SELECT h.*
        FROM (${join(staleHostKeys(limits, asOf), ' UNION ')}) o
        JOIN ${hostsAt(asOf)} ON h.bucket = o.bucket AND h.id = o.host_id
       WHERE h.situation_id IS NOT NULL
         AND (h.superseded
              OR ${overdueColumn(limits)}
              OR h.confirmed_at < ${limits.lateSince}::timestamptz
              OR h.confirmed_at > ${limits.until}::timestamptz)
         AND ${matching(condition, asOf)}) h`;
}

/** Makes rows of an answer share their freshness keys. */
export function sharing(): (row: FlatRow) => CohortRow {
  const shared = new Map<string, FreshnessKey>();
  return ({ situationId, suspect, superseded, level, overdue, labelSetId, hosts }) => {
    const own = { situationId, suspect, superseded, level, overdue };
    const text = freshnessKeyText(own);
    const freshnessKey = shared.get(text) ?? own;
    shared.set(text, freshnessKey);
    return { freshnessKey, labelSetId, hosts };
  };
}

const rowsOf = (text: string, share: (row: FlatRow) => CohortRow): CohortRow[] =>
  (JSON.parse(text) as FlatRow[]).map(share);

function groupsOf(rows: readonly CohortRow[]): CohortGroup[] {
  const groups = new Map<
    FreshnessKey,
    { freshnessKey: FreshnessKey; labelSetIds: string[]; hosts: number[] }
  >();
  for (const { freshnessKey, labelSetId, hosts } of rows) {
    const group = groups.get(freshnessKey) ?? { freshnessKey, labelSetIds: [], hosts: [] };
    groups.set(freshnessKey, group);
    group.labelSetIds.push(labelSetId);
    group.hosts.push(hosts);
  }
  return [...groups.values()];
}
