import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { long, sql } from '../../database/sql.js';
import type { AsOf } from '../history/as-of.js';
import { type Condition, matching } from '../hosts/condition.js';
import { hostsAt } from '../hosts/hosts-at.js';

/** Hosts with one situation at a time and one at a later time. Null: they had not reported. */
export interface Became {
  readonly before: string | null;
  readonly after: string | null;
  /** They were retired by the later time. */
  readonly gone: boolean;
  readonly hosts: number;
}

/** What became of hosts between two times. */
@Injectable()
export class AfterwardsStore {
  constructor(private readonly db: Database) {}

  /** Counts the hosts that matched at one time by their situations at both times. */
  async became(condition: Condition, before: AsOf, after: AsOf): Promise<Became[]> {
    const rows = await this.db.$queryRaw<(Omit<Became, 'hosts'> & { readonly hosts: bigint })[]>(
      long(sql`
        WITH was AS MATERIALIZED (
               SELECT h.bucket,
                      h.id,
                      h.situation_id
                 FROM ${hostsAt(before)}
                WHERE ${matching(condition)}),
             became AS (
               SELECT h.bucket,
                      h.id,
                      h.situation_id,
                      h.retired
                 FROM ${hostsAt(after)})
        SELECT was.situation_id AS before,
               became.situation_id AS after,
               coalesce(became.retired, true) AS gone,
               count(*) AS hosts
          FROM was
          LEFT JOIN became ON became.bucket = was.bucket AND became.id = was.id
         GROUP BY 1, 2, 3`),
    );
    return rows.map((row) => ({ ...row, hosts: Number(row.hosts) }));
  }
}
