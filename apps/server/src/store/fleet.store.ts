import { Injectable } from '@nestjs/common';
import { Database, Prisma } from './database.js';

/** Hosts that share everything that an answer depends on. */
export interface CohortRow {
  readonly situationId: string | null;
  readonly labelSetId: string;
  readonly suspect: boolean;
  readonly superseded: boolean;
  readonly level: 'FRESH' | 'LATE' | 'STALE' | 'LOST' | 'NEVER';
  /** Confirmed longer ago than the question allows. */
  readonly overdue: boolean;
  readonly hosts: number;
  readonly examples: readonly string[];
}

/** From which instants on facts are of which freshness, and old enough for the question. */
export interface Ages {
  readonly freshSince: Date;
  readonly lateSince: Date;
  readonly staleSince: Date;
  readonly allowedSince: Date;
}

const level = (ages: Ages): Prisma.Sql => Prisma.sql`
  CASE WHEN h.situation_id IS NULL OR b.confirmed_at IS NULL THEN 'NEVER' WHEN b.confirmed_at >= ${ages.freshSince}::timestamptz THEN 'FRESH'
       WHEN b.confirmed_at >= ${ages.lateSince}::timestamptz THEN 'LATE' WHEN b.confirmed_at >= ${ages.staleSince}::timestamptz THEN 'STALE' ELSE 'LOST' END`;
const overdue = (ages: Ages): Prisma.Sql => Prisma.sql`coalesce(b.confirmed_at < ${ages.allowedSince}::timestamptz, false)`;

/** The condition that a host is in one of these cohorts, whatever its labels. */
export const inCohorts = (cohorts: readonly CohortRow[], ages: Ages): Prisma.Sql => {
  const keys = cohorts.map((cohort) =>
    [cohort.situationId ?? '-', cohort.suspect ? 't' : 'f', cohort.superseded ? 't' : 'f', cohort.level, cohort.overdue ? 't' : 'f'].join('|'),
  );
  return Prisma.sql`concat_ws('|', coalesce(h.situation_id::text, '-'), h.suspect_since IS NOT NULL, b.superseded_at IS NOT NULL, ${level(ages)}, ${overdue(ages)}) = ANY(${[...new Set(keys)]}::text[])`;
};

/** The fleet, cohort by cohort. */
@Injectable()
export class FleetStore {
  constructor(private readonly db: Database) {}

  /** The cohorts of the hosts for which this holds. */
  async cohorts(where: Prisma.Sql, ages: Ages): Promise<CohortRow[]> {
    const rows = await this.db.$queryRaw<(Omit<CohortRow, 'hosts'> & { hosts: bigint })[]>`
      SELECT h.situation_id AS "situationId", h.label_set_id AS "labelSetId", h.suspect_since IS NOT NULL AS suspect, b.superseded_at IS NOT NULL AS superseded,
             ${level(ages)} AS level, ${overdue(ages)} AS overdue, count(*) AS hosts, (array_agg(h.hostname ORDER BY h.hostname))[1:3] AS examples
        FROM host h JOIN label_set l ON l.id = h.label_set_id LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
       WHERE ${where} GROUP BY 1, 2, 3, 4, 5, 6`;
    return rows.map((row) => ({ ...row, hosts: Number(row.hosts) }));
  }

  /** Every state id that a published patch declares, with its versions and owners, and on how many hosts' lists they are. */
  async states(
    after: bigint | null,
    limit: number,
    backwards: boolean,
  ): Promise<{ id: Prisma.Decimal; version: bigint; patches: bigint; owners: string[]; hosts: bigint }[]> {
    const beyond =
      after === null ? Prisma.sql`true` : backwards ? Prisma.sql`id < ${after.toString()}::numeric` : Prisma.sql`id > ${after.toString()}::numeric`;
    const order = backwards ? Prisma.sql`DESC` : Prisma.sql`ASC`;
    return this.db.$queryRaw`
      WITH page AS (SELECT DISTINCT id FROM patch_state WHERE ${beyond} ORDER BY id ${order} LIMIT ${limit}),
           declared AS (SELECT DISTINCT s.id, s.version, s.build_id FROM patch_state s JOIN page USING (id)),
           running AS (SELECT d.id, d.version, h.id AS host_id FROM declared d JOIN stack_patch sp ON sp.build_id = d.build_id JOIN situation t ON t.stack_id = sp.stack_id
                         JOIN host h ON h.situation_id = t.id AND h.retired_at IS NULL),
           hosts AS (SELECT id, version, count(DISTINCT host_id) AS n FROM running GROUP BY 1, 2)
      SELECT d.id, d.version, count(DISTINCT d.build_id) AS patches, array_agg(DISTINCT p.owner) AS owners, coalesce(max(hosts.n), 0) AS hosts
        FROM declared d JOIN patch p ON p.build_id = d.build_id LEFT JOIN hosts ON hosts.id = d.id AND hosts.version = d.version
       GROUP BY d.id, d.version ORDER BY d.id, d.version`;
  }

  async countStates(): Promise<number> {
    const rows = await this.db.$queryRaw<{ n: bigint }[]>`SELECT count(DISTINCT id) AS n FROM patch_state`;
    return Number(rows[0]?.n ?? 0n);
  }
}
