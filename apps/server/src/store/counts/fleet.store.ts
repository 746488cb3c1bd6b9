import { Injectable } from '@nestjs/common';
import { unnest } from '../../database/columns.js';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { empty, long, named, sql, type Sql } from '../../database/sql.js';
import { type AsOf, closedIsValidAt } from '../history/as-of.js';
import { inEpoch, sameEpoch } from '../history/epochs.store.js';
import { type Condition, matching } from '../hosts/condition.js';
import {
  type FreshnessKey,
  type FreshnessLimits,
  hostsAt,
  levelColumn,
  overdueColumn,
  SUPERSEDED_COLUMN,
} from '../hosts/hosts-at.js';
import { CachedCounts } from './cached-counts.js';
import { NO_SITUATION } from './cohorts.store.js';
import type { CohortRow, CountedPart, FleetCounts, WrittenParts } from './fleet-counts.js';
import { cohortsAt, type FlatRow, sharing, SqlCounts } from './sql-counts.js';

/** A freshness key, and the rank of its verdict: 0 comes first. */
export interface Ranked {
  readonly freshnessKey: FreshnessKey;
  readonly rank: number;
}

/** A cohort, and its position in the page. */
type Numbered = FreshnessKey & { readonly labelSetId: string; readonly n: number };

/** The fleet by cohorts. An answer costs what the number of cohorts costs, not that of hosts. */
@Injectable()
export class FleetStore {
  /** How many times the present fleet was counted from the cache, and by PostgreSQL. */
  readonly counted = { cached: 0, database: 0 };

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
    private readonly cached: CachedCounts,
    private readonly sql: SqlCounts,
  ) {}

  /** The number of matching hosts for each freshness key, at one instant. */
  async counts(
    condition: Condition,
    limits: FreshnessLimits,
    asOf: AsOf,
    withCohorts = false,
  ): Promise<FleetCounts> {
    const cached = await inEpoch(this.db, () => this.cached.counts(condition, limits, asOf, withCohorts));
    if (!asOf.past && condition.hosts === null) this.counted[cached === null ? 'database' : 'cached'] += 1;
    return cached ?? (await inEpoch(this.db, () => this.sql.counts(condition, limits, asOf, withCohorts)))!;
  }

  /**
   * Counts several selections of hosts at one instant.
   *
   * @returns null if they must be counted one after the other
   */
  async together(
    parts: readonly CountedPart[],
    asOf: AsOf,
    withCohorts: boolean,
  ): Promise<(FleetCounts & Pick<WrittenParts, 'parts'>) | null> {
    const counts = await inEpoch(this.db, () => this.cached.together(parts, asOf, withCohorts));
    if (counts !== null) this.counted.cached += 1;
    return counts;
  }

  /** A page of the cohorts, by rank and then by size, the largest first; and the number of all. */
  async cohorts(
    condition: Condition,
    limits: FreshnessLimits,
    asOf: AsOf,
    ranked: readonly Ranked[],
    page: { readonly from: number; readonly limit: number },
  ): Promise<{ rows: CohortRow[]; total: number }> {
    const ranks = unnest('j', ranked, {
      situation_id: ['uuid', ({ freshnessKey }) => freshnessKey.situationId ?? NO_SITUATION],
      suspect: ['boolean', ({ freshnessKey }) => freshnessKey.suspect],
      superseded: ['boolean', ({ freshnessKey }) => freshnessKey.superseded],
      level: ['text', ({ freshnessKey }) => freshnessKey.level],
      overdue: ['boolean', ({ freshnessKey }) => freshnessKey.overdue],
      rank: ['integer', ({ rank }) => rank],
    });
    type Row = Omit<FlatRow, 'hosts'> & { readonly hosts: bigint; readonly total: bigint };
    const rows = await this.databaseFor(asOf).$queryRaw<Row[]>(
      long(
        named(
          'fleet.cohorts',
          sql`
            WITH each AS (${cohortsAt(condition, limits, asOf)}),
                 ranked AS (SELECT * FROM ${ranks})
            SELECT nullif(situation_id, ${NO_SITUATION}::uuid) AS "situationId",
                   label_set_id AS "labelSetId",
                   suspect,
                   superseded,
                   level,
                   overdue,
                   hosts,
                   count(*) OVER () AS total
              FROM each
              JOIN ranked USING (situation_id, suspect, superseded, level, overdue)
             WHERE hosts > 0
             ORDER BY rank, hosts DESC, situation_id, label_set_id, suspect, superseded, level, overdue
             LIMIT ${page.limit}
            OFFSET ${page.from}`,
        ),
      ),
    );
    sameEpoch(asOf, this.db.epochName);
    const share = sharing();
    return {
      rows: rows.map((row) => share({ ...row, hosts: Number(row.hosts) })),
      total: Number(rows[0]?.total ?? 0n),
    };
  }

  /** The first three host names of each of these cohorts, in the order of names. */
  async examples(
    cohorts: readonly CohortRow[],
    condition: Condition,
    limits: FreshnessLimits,
    asOf: AsOf,
  ): Promise<string[][]> {
    const numbered = cohorts.map(({ freshnessKey, labelSetId }, n) => ({ ...freshnessKey, labelSetId, n }));
    const reported = numbered.filter(({ situationId }) => situationId !== null);
    const never = numbered.filter(({ situationId }) => situationId === null);
    const names = await Promise.all([
      this.firstNames(reported, sql`= k.situation_id`, condition, limits, asOf),
      this.firstNames(never, sql`IS NULL`, condition, limits, asOf),
    ]);
    return numbered.map(({ n }) => names.flat().flatMap((row) => (row.n === n ? row.hostname : [])));
  }

  /**
   * Reads the members of each cohort by the index of its names; of the past, also those that have left it
   * since.
   *
   * @param isSituation the test of a column `situation_id`
   */
  private async firstNames(
    cohorts: readonly Numbered[],
    isSituation: Sql,
    condition: Condition,
    limits: FreshnessLimits,
    asOf: AsOf,
  ): Promise<{ n: number; hostname: string }[]> {
    if (cohorts.length === 0) return [];
    const keys = unnest('k', cohorts, {
      n: ['integer', (row) => row.n],
      situation_id: ['uuid', (row) => row.situationId],
      label_set_id: ['uuid', (row) => row.labelSetId],
      suspect: ['boolean', (row) => row.suspect],
      superseded: ['boolean', (row) => row.superseded],
      level: ['text', (row) => row.level],
      overdue: ['boolean', (row) => row.overdue],
    });
    const isMember = sql`
      h.situation_id ${isSituation}
      AND h.label_set_id = k.label_set_id
      AND h.suspect = k.suspect
      AND ${SUPERSEDED_COLUMN} = k.superseded
      AND ${levelColumn(limits)} = k.level
      AND ${overdueColumn(limits)} = k.overdue
      AND ${matching({ ...condition, situations: null, labels: null }, asOf)}`;
    const left = asOf.past
      ? sql`
           UNION
          SELECT k.n, h.hostname, h.id
            FROM k
            JOIN host_history p ON p.situation_id ${isSituation}
                               AND p.label_set_id = k.label_set_id
                               AND ${closedIsValidAt(asOf)}
            JOIN ${hostsAt(asOf)} ON p.bucket = h.bucket AND p.host_id = h.id
           WHERE ${isMember}`
      : empty;
    return this.databaseFor(asOf).$queryRaw(
      long(
        named(
          'fleet.examples',
          sql`
            WITH k AS (SELECT * FROM ${keys}),
                 names AS (
                   SELECT k.n, f.hostname, f.id
                     FROM k
                    CROSS JOIN LATERAL (
                            SELECT x.hostname, x.id
                              FROM host x
                              JOIN ${hostsAt(asOf)} ON x.bucket = h.bucket AND x.id = h.id
                             WHERE x.situation_id ${isSituation}
                               AND x.label_set_id = k.label_set_id
                               AND ${isMember}
                             ORDER BY x.hostname, x.id
                             LIMIT 3) f
                   ${left})
            SELECT n, hostname
              FROM (SELECT n, hostname, row_number() OVER (PARTITION BY n ORDER BY hostname, id) AS position
                      FROM names) named
             WHERE position <= 3
             ORDER BY n, position`,
        ),
      ),
    );
  }

  private databaseFor({ usesPrimary }: AsOf): Database {
    return usesPrimary ? this.db : this.read;
  }
}
