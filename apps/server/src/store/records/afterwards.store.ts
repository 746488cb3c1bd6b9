import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { long, sql } from '../../database/sql.js';
import type { AsOf } from '../history/as-of.js';
import { type Condition, matching } from '../hosts/condition.js';
import { type FreshnessKey, freshnessKeyColumns, type FreshnessLimits, hostsAt } from '../hosts/hosts-at.js';

/** Hosts with one freshness key at a time and one situation at a later time. Null: they had not reported. */
export interface Became {
  readonly before: FreshnessKey;
  readonly after: string | null;
  /** They were retired by the later time, or did not match the later condition. */
  readonly gone: boolean;
  readonly hosts: number;
}

/** What became of hosts between two times. */
@Injectable()
export class AfterwardsStore {
  constructor(private readonly db: Database) {}

  /**
   * Counts the hosts that matched at one time by their situations at both times.
   *
   * @param visible hides the situation at the later time of hosts that do not match it then
   */
  async became(
    condition: Condition,
    before: AsOf,
    limits: FreshnessLimits,
    visible: Condition,
    after: AsOf,
  ): Promise<Became[]> {
    const rows = await this.db.$queryRaw<
      (FreshnessKey & Omit<Became, 'hosts'> & { readonly hosts: bigint })[]
    >(
      long(sql`
        WITH was AS MATERIALIZED (
               SELECT h.bucket,
                      h.id,
                      ${freshnessKeyColumns(limits)}
                 FROM ${hostsAt(before)}
                WHERE ${matching(condition, before)}),
             became AS (
               SELECT h.bucket,
                      h.id,
                      h.situation_id
                 FROM ${hostsAt(after)}
                WHERE ${matching(visible, after)})
        SELECT was.situation_id AS "situationId",
               was.suspect,
               was.superseded,
               was.level,
               was.overdue,
               became.situation_id AS after,
               became.id IS NULL AS gone,
               count(*) AS hosts
          FROM was
          LEFT JOIN became ON became.bucket = was.bucket AND became.id = was.id
         GROUP BY 1, 2, 3, 4, 5, 6, 7`),
    );
    return rows.map(({ situationId, suspect, superseded, level, overdue, after: later, gone, hosts }) => ({
      before: { situationId, suspect, superseded, level, overdue },
      after: later,
      gone,
      hosts: Number(hosts),
    }));
  }
}
