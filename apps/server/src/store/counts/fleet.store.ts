import { Injectable } from '@nestjs/common';
import { CURRENT_COUNTS, NO_SITUATION } from './cohorts.store.js';
import { column } from '../../database/columns.js';
import { type Condition, inCohort, matching } from '../hosts/condition.js';
import { Database, Prisma } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import type { CohortGroup, CohortRow, FleetCounts } from './fleet-counts.js';
import { FleetNowStore } from './fleet-now.store.js';
import { sameEpoch, settled, type Settling } from '../history/epochs.store.js';
import { LOG_POSITION, type LogPosition } from '../../database/log-position.js';
import {
  type FreshnessLimits,
  staleBefore,
  freshnessKeyColumns,
  type FreshnessKey,
  freshnessKeyText,
  hostsAt,
  levelColumn,
  staleHostKeys,
  overdueColumn,
} from '../hosts/hosts-at.js';
import { openedAfter, closedIsValidAt, type AsOf } from '../history/as-of.js';
import type { Revision } from '../catalog/revisions.js';

/** A row as PostgreSQL writes it. */
type FlatRow = FreshnessKey & { readonly hosts: number; readonly labelSetId: string };

/** A freshness key, and how bad the answer for them is: 0 comes first. */
export interface Ranked {
  readonly freshnessKey: FreshnessKey;
  readonly rank: number;
}

/** So many cohorts are carried along with the counts; more are asked for by page. */
const CARRIED = 5_000;

type Key = 'situationId' | 'suspect' | 'superseded' | 'level' | 'overdue';
const KEY = Prisma.sql`situation_id AS "situationId", suspect, superseded, level, overdue`;

/** The fleet, cohort by cohort: what a question costs follows from how many cohorts there are, not from how many hosts. */
@Injectable()
export class FleetStore {
  /** How often the fleet as it is was counted: from counts that are held, and by PostgreSQL because there are too many to hold. */
  readonly counted = { held: 0, database: 0 };

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
    private readonly now: FleetNowStore,
  ) {}

  /**
   * How many matching hosts are in which freshnessKey? One statement, and so one instant.
   *
   * Counts come from the cohorts. Age is not in them: hosts that are overdue or superseded are found by an index, few as they are, and taken out of their cohort. Where hosts are
   * named, those are looked at one by one.
   */
  async counts(condition: Condition, ages: FreshnessLimits, moment: AsOf, withCohorts = false): Promise<FleetCounts> {
    const isNow = !moment.past && condition.hosts === null;
    const now = isNow ? await settled(this.db, () => this.now.counts(condition, ages, withCohorts)) : null;
    if (isNow) this.counted[now === null ? 'database' : 'held'] += 1;
    if (now !== null) return now;
    return (await settled(this.db, () => this.count(condition, ages, moment, withCohorts)))!;
  }

  private async count(condition: Condition, ages: FreshnessLimits, moment: AsOf, withCohorts: boolean): Promise<Settling> {
    // as one text: a thousand rows cost the driver more than the database
    const [all] = await this.placeOf(moment).$queryRaw<(Revision & LogPosition & { counts: string; cohorts: string | null; snapshot: string })[]>`
      /* fleet.counts */
      ${withCohorts ? this.countsAndCohorts(condition, ages, moment) : this.countsAlone(condition, ages, moment)},
             pg_current_snapshot()::text AS snapshot, ${LOG_POSITION}, revision.number, revision.name
        FROM (SELECT number, name FROM catalog_revision ORDER BY number DESC LIMIT 1) revision`;
    const { counts, cohorts, snapshot, number, name, epoch, position } = all!;
    sameEpoch(moment, epoch);
    const share = sharing();
    return {
      rows: rowsOf(counts, share),
      cohorts: cohorts === null ? null : groupsOf(rowsOf(cohorts, share)),
      snapshot,
      origin: { epoch, position },
      revision: { number, name },
    };
  }

  private countsAlone(condition: Condition, ages: FreshnessLimits, moment: AsOf): Prisma.Sql {
    const each = condition.hosts === null ? this.byCohort(condition, ages, moment) : this.byHost(condition, ages, moment);
    return Prisma.sql`SELECT (SELECT coalesce(json_agg(each), '[]')::text FROM (${each}) each WHERE hosts <> 0) AS counts, NULL::text AS cohorts`;
  }

  private countsAndCohorts(condition: Condition, ages: FreshnessLimits, moment: AsOf): Prisma.Sql {
    const each = condition.hosts === null ? this.cohortsByCount(condition, ages, moment) : this.cohortsByHost(condition, ages, moment);
    return Prisma.sql`
      WITH each AS MATERIALIZED (
             SELECT nullif(situation_id, ${NO_SITUATION}::uuid) AS "situationId", label_set_id AS "labelSetId", suspect, superseded, level, overdue, hosts FROM (${each}) all_of WHERE hosts > 0)
      SELECT (SELECT coalesce(json_agg(c), '[]')::text FROM (SELECT "situationId", suspect, superseded, level, overdue, sum(hosts)::bigint AS hosts FROM each GROUP BY 1, 2, 3, 4, 5) c) AS counts,
             CASE WHEN (SELECT count(*) FROM each) <= ${CARRIED} THEN (SELECT coalesce(json_agg(each), '[]')::text FROM each) END AS cohorts`;
  }

  private placeOf(moment: AsOf): Database {
    return moment.usesPrimary ? this.db : this.read;
  }

  /** The truth that the counts are checked against, and the way for hosts by name. */
  private byHost(condition: Condition, ages: FreshnessLimits, moment: AsOf): Prisma.Sql {
    return Prisma.sql`
      SELECT ${KEY}, hosts
        FROM (SELECT ${freshnessKeyColumns(ages)}, count(*) AS hosts FROM ${hostsAt(moment)} WHERE ${matching(condition)} GROUP BY 1, 2, 3, 4, 5) each`;
  }

  private byCohort(condition: Condition, ages: FreshnessLimits, moment: AsOf): Prisma.Sql {
    return Prisma.sql`
      (WITH counted AS (SELECT situation_id, suspect, sum(hosts)::bigint AS hosts FROM (${countsAt(condition, moment)}) c GROUP BY 1, 2),
            apart AS (SELECT ${freshnessKeyColumns(ages)}, count(*) AS hosts FROM ${staleHosts(condition, ages, moment)} GROUP BY 1, 2, 3, 4, 5),
            taken AS (SELECT situation_id, suspect, sum(hosts)::bigint AS hosts FROM apart GROUP BY 1, 2)
       SELECT nullif(c.situation_id, ${NO_SITUATION}::uuid) AS "situationId", c.suspect, false AS superseded, CASE WHEN c.situation_id = ${NO_SITUATION}::uuid THEN 'NEVER' ELSE 'FRESH' END AS level,
              false AS overdue, c.hosts - coalesce(taken.hosts, 0) AS hosts
         FROM counted c LEFT JOIN taken ON taken.situation_id = c.situation_id AND taken.suspect = c.suspect
        UNION ALL SELECT ${KEY}, hosts FROM apart)`;
  }

  /** The cohorts in the order of their answers, the worst first, then the largest; and how many there are. */
  async cohorts(
    condition: Condition,
    ages: FreshnessLimits,
    moment: AsOf,
    ranked: readonly Ranked[],
    page: { readonly from: number; readonly limit: number },
  ): Promise<{ rows: CohortRow[]; total: number }> {
    const each = condition.hosts === null ? this.cohortsByCount(condition, ages, moment) : this.cohortsByHost(condition, ages, moment);
    const of =
      <K extends Key>(key: K) =>
      (one: Ranked) =>
        one.freshnessKey[key];
    const rows = await this.placeOf(moment).$queryRaw<(Omit<FlatRow, 'hosts'> & { hosts: bigint; total: bigint })[]>`
      /* fleet.cohorts */
      WITH each AS (${each}),
           judged AS (SELECT * FROM unnest(${column(ranked, 'uuid', (one) => one.freshnessKey.situationId ?? NO_SITUATION)}, ${column(ranked, 'boolean', of('suspect'))}, ${column(ranked, 'boolean', of('superseded'))},
                                           ${column(ranked, 'text', of('level'))}, ${column(ranked, 'boolean', of('overdue'))}, ${column(ranked, 'integer', (one) => one.rank)})
                                      AS j(situation_id, suspect, superseded, level, overdue, rank))
      SELECT nullif(situation_id, ${NO_SITUATION}::uuid) AS "situationId", label_set_id AS "labelSetId", suspect, superseded, level, overdue, hosts, count(*) OVER () AS total
        FROM each JOIN judged USING (situation_id, suspect, superseded, level, overdue) WHERE hosts > 0
       ORDER BY rank, hosts DESC, situation_id, label_set_id, suspect, superseded, level, overdue LIMIT ${page.limit} OFFSET ${page.from}`;
    sameEpoch(moment, this.db.epochName);
    const share = sharing();
    return { rows: rows.map((row) => share({ ...row, hosts: Number(row.hosts) })), total: Number(rows[0]?.total ?? 0n) };
  }

  private cohortsByHost(condition: Condition, ages: FreshnessLimits, moment: AsOf): Prisma.Sql {
    return Prisma.sql`
      SELECT coalesce(situation_id, ${NO_SITUATION}::uuid) AS situation_id, label_set_id, suspect, superseded, level, overdue, count(*) AS hosts
        FROM (SELECT h.label_set_id, ${freshnessKeyColumns(ages)} FROM ${hostsAt(moment)} WHERE ${matching(condition)}) h GROUP BY 1, 2, 3, 4, 5, 6`;
  }

  private cohortsByCount(condition: Condition, ages: FreshnessLimits, moment: AsOf): Prisma.Sql {
    return Prisma.sql`
      WITH counted AS (SELECT situation_id, label_set_id, suspect, sum(hosts)::bigint AS hosts FROM (${countsAt(condition, moment)}) c GROUP BY 1, 2, 3),
           apart AS (SELECT h.label_set_id, ${freshnessKeyColumns(ages)}, count(*) AS hosts FROM ${staleHosts(condition, ages, moment)} GROUP BY 1, 2, 3, 4, 5, 6),
           taken AS (SELECT situation_id, label_set_id, suspect, sum(hosts)::bigint AS hosts FROM apart GROUP BY 1, 2, 3)
      SELECT c.situation_id, c.label_set_id, c.suspect, false AS superseded, CASE WHEN c.situation_id = ${NO_SITUATION}::uuid THEN 'NEVER' ELSE 'FRESH' END AS level, false AS overdue,
             c.hosts - coalesce(taken.hosts, 0) AS hosts
        FROM counted c LEFT JOIN taken ON taken.situation_id = c.situation_id AND taken.label_set_id = c.label_set_id AND taken.suspect = c.suspect
       UNION ALL SELECT situation_id, label_set_id, suspect, superseded, level, overdue, hosts FROM apart`;
  }

  /** The first three names of each of these cohorts, in the order of names. */
  async examples(cohorts: readonly CohortRow[], condition: Condition, ages: FreshnessLimits, moment: AsOf): Promise<string[][]> {
    const numbered = cohorts.map(({ freshnessKey, labelSetId }, n) => ({ ...freshnessKey, labelSetId, n }));
    const found = await Promise.all([
      this.firstNames(
        numbered.filter((row) => row.situationId !== null),
        Prisma.sql`= k.situation_id`,
        condition,
        ages,
        moment,
      ),
      this.firstNames(
        numbered.filter((row) => row.situationId === null),
        Prisma.sql`IS NULL`,
        condition,
        ages,
        moment,
      ),
    ]);
    return numbered.map(({ n }) =>
      found
        .flat()
        .filter((row) => row.n === n)
        .map((row) => row.hostname),
    );
  }

  /** Goes through the members of each cohort by the index of its names; and, of the past, through those that have left it since. */
  private async firstNames(
    cohorts: readonly (FreshnessKey & { readonly labelSetId: string; readonly n: number })[],
    situation: Prisma.Sql,
    condition: Condition,
    ages: FreshnessLimits,
    moment: AsOf,
  ): Promise<{ n: number; hostname: string }[]> {
    if (cohorts.length === 0) return [];
    const rest = Prisma.sql`h.situation_id ${situation} AND h.label_set_id = k.label_set_id AND h.suspect = k.suspect AND coalesce(h.superseded AND h.situation_id IS NOT NULL, false) = k.superseded
      AND ${levelColumn(ages)} = k.level AND ${overdueColumn(ages)} = k.overdue AND ${matching({ ...condition, situations: null, labels: null })}`;
    const same = (row: string) => Prisma.sql`${Prisma.raw(row)}.bucket = h.bucket AND ${Prisma.raw(row)}`;
    const left = moment.past
      ? Prisma.sql`UNION SELECT k.n, h.hostname, h.id FROM k JOIN host_history p ON p.situation_id ${situation} AND p.label_set_id = k.label_set_id AND ${closedIsValidAt(moment)}
                     JOIN ${hostsAt(moment)} ON ${same('p')}.host_id = h.id WHERE ${rest}`
      : Prisma.empty;
    return this.placeOf(moment).$queryRaw`
      /* fleet.examples */
      WITH k AS (SELECT * FROM unnest(${column(cohorts, 'integer', (row) => row.n)}, ${column(cohorts, 'uuid', (row) => row.situationId)}, ${column(cohorts, 'uuid', (row) => row.labelSetId)},
                                      ${column(cohorts, 'boolean', (row) => row.suspect)}, ${column(cohorts, 'boolean', (row) => row.superseded)}, ${column(cohorts, 'text', (row) => row.level)},
                                      ${column(cohorts, 'boolean', (row) => row.overdue)}) AS k(n, situation_id, label_set_id, suspect, superseded, level, overdue)),
           names AS (SELECT k.n, f.hostname, f.id FROM k CROSS JOIN LATERAL (
                       SELECT x.hostname, x.id FROM host x JOIN ${hostsAt(moment)} ON ${same('x')}.id = h.id
                        WHERE x.situation_id ${situation} AND x.label_set_id = k.label_set_id AND ${rest} ORDER BY x.hostname, x.id LIMIT 3) f ${left})
      SELECT n, hostname FROM (SELECT n, hostname, row_number() OVER (PARTITION BY n ORDER BY hostname, id) AS place FROM names) named WHERE place <= 3 ORDER BY n, place`;
  }
}

/** Rows of one answer share their freshnessKey. */
function sharing(): (row: FlatRow) => CohortRow {
  const shared = new Map<string, FreshnessKey>();
  return ({ situationId, suspect, superseded, level, overdue, labelSetId, hosts }) => {
    const own = { situationId, suspect, superseded, level, overdue };
    const key = freshnessKeyText(own);
    const freshnessKey = shared.get(key) ?? own;
    shared.set(key, freshnessKey);
    return { freshnessKey, labelSetId, hosts };
  };
}

const rowsOf = (text: string, share: (row: FlatRow) => CohortRow): CohortRow[] => (JSON.parse(text) as FlatRow[]).map(share);

/** Rows by the freshnessKey that they share. */
function groupsOf(rows: readonly CohortRow[]): CohortGroup[] {
  const groups = new Map<FreshnessKey, { freshnessKey: FreshnessKey; labels: CohortRow[]; hosts: number[] }>();
  for (const row of rows) {
    const group = groups.get(row.freshnessKey) ?? { freshnessKey: row.freshnessKey, labels: [], hosts: [] };
    groups.set(row.freshnessKey, group);
    group.labels.push(row);
    group.hosts.push(row.hosts);
  }
  return [...groups.values()];
}

/** The counts as they were at a moment: those of now, without what came since, and with what went since. */
function countsAt(condition: Condition, moment: AsOf): Prisma.Sql {
  const now = Prisma.sql`SELECT c.* FROM (${CURRENT_COUNTS}) c WHERE ${inCohort(condition, 'c')}`;
  if (!moment.past) return now;
  return Prisma.sql`${now}
    UNION ALL SELECT coalesce(h.situation_id, ${NO_SITUATION}::uuid), h.label_set_id, h.suspect_since IS NOT NULL, -1 FROM host h
               WHERE ${openedAfter(moment)} AND h.retired_at IS NULL AND ${inCohort(condition, 'h')}
    UNION ALL SELECT coalesce(p.situation_id, ${NO_SITUATION}::uuid), p.label_set_id, p.suspect, 1 FROM host_history p
               WHERE ${closedIsValidAt(moment)} AND NOT p.retired AND ${inCohort(condition, 'p')}`;
}

/** The matching hosts that are not as fresh as their cohort: overdue or superseded. `(…) h`, as `hostsAt`. */
function staleHosts(condition: Condition, ages: FreshnessLimits, moment: AsOf): Prisma.Sql {
  const since = staleBefore(ages);
  return Prisma.sql`(
      SELECT h.* FROM (${Prisma.join(staleHostKeys(ages, moment), ' UNION ')}) o
        JOIN ${hostsAt(moment)} ON h.bucket = o.bucket AND h.id = o.host_id
       WHERE h.situation_id IS NOT NULL AND (h.superseded OR h.confirmed_at < ${since}::timestamptz OR h.confirmed_at > ${ages.until}::timestamptz) AND ${matching(condition)}) h`;
}
