import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { join, long, named, sql } from '../../database/sql.js';
import type { AsOf } from '../history/as-of.js';
import { sameEpoch } from '../history/epochs.store.js';
import { type Condition, labelValue, matching } from './condition.js';
import { hostsAt } from './hosts-at.js';
import { isRestrictedTo, type KeyRestriction } from './hosts.store.js';

/** The ages of some hosts, in seconds. They are null if none was ever confirmed. */
export interface Ages {
  readonly value: string | null;
  readonly hosts: number;
  readonly confirmed: number;
  readonly p50Seconds: number | null;
  readonly p95Seconds: number | null;
  readonly maxSeconds: number | null;
}

/** The maximum number of values of a label. */
const MAX_VALUES = 100;

/** Adds up how long ago the facts of hosts were confirmed. Each matching host is read. */
@Injectable()
export class AgesStore {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /**
   * Returns the ages for each value of a label, the value with the most hosts first.
   *
   * @param by label null: one row for all hosts; authoritative: labels that hosts report do not count
   * @param only null: all hosts that match the condition
   */
  async byLabel(
    condition: Condition,
    { label, authoritative }: { readonly label: string | null; readonly authoritative: boolean },
    asOf: AsOf,
    only: readonly KeyRestriction[] | null,
  ): Promise<Ages[]> {
    const tests = [
      matching(condition, asOf),
      ...(only === null ? [] : [sql`(${join(only.map(isRestrictedTo), ' OR ')})`]),
    ];
    const value = label === null ? sql`NULL::text` : labelValue(label, authoritative);
    const rows = await (asOf.usesPrimary ? this.db : this.read).$queryRaw<Ages[]>(
      long(
        named(
          'hosts.ages',
          sql`
            WITH each AS (
                   SELECT ${value} AS value,
                          CASE WHEN h.situation_id IS NOT NULL AND h.confirmed_at IS NOT NULL AND NOT h.age_unknown
                               THEN greatest(extract(epoch FROM ${asOf.now}::timestamptz - h.confirmed_at), 0)
                          END AS age
                     FROM ${hostsAt(asOf)}
                     JOIN label_set l ON l.id = h.label_set_id
                    WHERE ${join(tests, ' AND ')})
            SELECT value,
                   count(*)::int AS hosts,
                   count(age)::int AS confirmed,
                   percentile_disc(0.5) WITHIN GROUP (ORDER BY age)::int AS "p50Seconds",
                   percentile_disc(0.95) WITHIN GROUP (ORDER BY age)::int AS "p95Seconds",
                   max(age)::int AS "maxSeconds"
              FROM each
             GROUP BY value
             ORDER BY hosts DESC, value
             LIMIT ${MAX_VALUES}`,
        ),
      ),
    );
    sameEpoch(asOf, this.db.epochName);
    return rows;
  }
}
