import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { join, long, named, sql, type Sql } from '../../database/sql.js';
import { type Condition, inCohort, matching } from '../hosts/condition.js';
import { type FreshnessKey, freshnessKeyColumns, type FreshnessLimits, hostsAt } from '../hosts/hosts-at.js';
import type { AsOf } from './as-of.js';
import { sameEpoch } from './epochs.store.js';

/** An instant, with the ages that count there, and the parts of the fleet by the rules of the policy. */
export interface FreshnessAt {
  readonly asOf: AsOf;
  readonly limits: FreshnessLimits;
  /** Each host matches exactly one. */
  readonly parts: readonly Condition[];
}

/** Hosts with the same freshness key at both instants. */
export interface DriftCount {
  /** Null: they did not match then. */
  readonly before: FreshnessKey | null;
  readonly after: FreshnessKey | null;
  readonly hosts: number;
  /** The first and the last name of them. */
  readonly examples: readonly string[];
}

interface Row {
  readonly before: FreshnessKey | null;
  readonly after: FreshnessKey | null;
  readonly hosts: number;
  readonly first: string;
  readonly last: string;
}

/** Compares hosts at two instants. It reads every host at both. */
@Injectable()
export class DriftStore {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /** Counts the hosts that match at one of the instants at least. */
  async counts(
    condition: Condition,
    before: FreshnessAt,
    after: FreshnessAt,
    limit: number,
  ): Promise<DriftCount[]> {
    const database = before.asOf.usesPrimary || after.asOf.usesPrimary ? this.db : this.read;
    const rows = await database.$queryRaw<Row[]>(
      long(
        named(
          'drift.counts',
          sql`
            WITH b AS (${hostsWithKeys(condition, before)}),
                 a AS (${hostsWithKeys(condition, after)})
            SELECT b.key AS before,
                   a.key AS after,
                   count(*)::integer AS hosts,
                   min(coalesce(a.hostname, b.hostname)) AS first,
                   max(coalesce(a.hostname, b.hostname)) AS last
              FROM b
              FULL JOIN a USING (bucket, id)
             GROUP BY b.key, a.key
             LIMIT ${limit}`,
        ),
      ),
    );
    for (const { asOf } of [before, after]) sameEpoch(asOf, this.db.epochName);
    return rows.map(({ first, last, ...row }) => ({ ...row, examples: [...new Set([first, last])] }));
  }
}

/** The matching hosts at an instant, each with its freshness key. */
const hostsWithKeys = (condition: Condition, { asOf, limits, parts }: FreshnessAt): Sql => sql`
  SELECT bucket,
         id,
         hostname,
         jsonb_build_object('situationId', situation_id, 'suspect', suspect, 'superseded', superseded,
                            'level', level, 'overdue', overdue, 'part', part) AS key
    FROM (SELECT h.bucket, h.id, h.hostname, ${freshnessKeyColumns(limits)}, ${partOf(parts)} AS part
            FROM ${hostsAt(asOf)}
           WHERE ${matching(condition, asOf)}) h`;

function partOf(parts: readonly Condition[]): Sql {
  const last = parts.length - 1;
  if (last === 0) return sql`0`;
  const cases = parts.slice(0, last).map((part, i) => sql`WHEN ${inCohort(part, 'h')} THEN ${i}::integer`);
  return sql`CASE ${join(cases, ' ')} ELSE ${last}::integer END`;
}
