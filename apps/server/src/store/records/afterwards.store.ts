import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { long, sql } from '../../database/sql.js';
import type { AsOf } from '../history/as-of.js';
import { type Condition, hostTest, matching } from '../hosts/condition.js';
import {
  type FreshnessKey,
  freshnessKeyColumns,
  freshnessKeyText,
  type FreshnessLimits,
  hostsAt,
} from '../hosts/hosts-at.js';

/** Hosts with one freshness key at a time and one situation at a later time. Null: they had not reported. */
export interface Became {
  readonly before: FreshnessKey;
  readonly after: string | null;
  /** They were retired by the later time, or did not match the later condition. */
  readonly gone: boolean;
  readonly hosts: number;
}

/** A host that matched, with what its verdict depended on. */
export interface SelectedHost {
  readonly hostId: string;
  /** The same object for all hosts that have this key. */
  readonly freshnessKey: FreshnessKey;
  readonly hosts: 1;
}

/** Which hosts matched at a time, and what became of them. */
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

  /** Returns those of the hosts that matched at a time. */
  async selected(
    hostIds: readonly string[],
    condition: Condition,
    asOf: AsOf,
    limits: FreshnessLimits,
  ): Promise<SelectedHost[]> {
    const rows = await this.db.$queryRaw<(FreshnessKey & { readonly hostId: string })[]>(
      long(sql`
        SELECT h.id AS "hostId",
               k.situation_id AS "situationId",
               k.suspect,
               k.superseded,
               k.level,
               k.overdue
          FROM ${hostsAt(asOf)}
         CROSS JOIN LATERAL (SELECT ${freshnessKeyColumns(limits)}) k
         WHERE ${hostTest({ hostnames: null, ids: hostIds })}
           AND ${matching(condition, asOf)}`),
    );
    const keys = new Map<string, FreshnessKey>();
    return rows.map(({ hostId, ...key }) => {
      const text = freshnessKeyText(key);
      if (!keys.has(text)) keys.set(text, key);
      return { hostId, freshnessKey: keys.get(text)!, hosts: 1 };
    });
  }
}
