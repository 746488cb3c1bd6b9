import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { long, named, sql } from '../../database/sql.js';
import { buildsOf, type Condition, inCohort, inScope, matching } from '../hosts/condition.js';
import { hostsAt } from '../hosts/hosts-at.js';
import type { AsOf } from './as-of.js';

/** A host got another list of patches. */
export interface ListChange {
  readonly hostId: string;
  readonly at: Date;
}

/** When hosts got another list of patches. */
@Injectable()
export class ListChangesStore {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /** Returns the changes since a time of the hosts that match now, at most `limit` of them. */
  async since(condition: Condition, since: Date, asOf: AsOf, limit: number): Promise<ListChange[]> {
    const visible = inCohort(inScope(condition.scope ?? null), 'p');
    return (asOf.usesPrimary ? this.db : this.read).$queryRaw<ListChange[]>(
      long(
        named(
          'hosts.list_changes',
          sql`
            WITH chosen AS MATERIALIZED (
                   SELECT h.bucket,
                          h.id
                     FROM ${hostsAt(asOf)}
                    WHERE ${matching(condition, asOf)}),
                 each AS (
                   SELECT p.host_id AS id, p.valid_from, p.opened_by, p.valid_until, p.situation_id
                     FROM chosen c
                     JOIN host_history p ON p.bucket = c.bucket AND p.host_id = c.id
                    WHERE p.valid_until > ${since}::timestamptz AND ${visible}
                    UNION ALL
                   SELECT o.id, o.since, o.opened_by, NULL, o.situation_id
                     FROM chosen c
                     JOIN host o ON o.bucket = c.bucket AND o.id = c.id),
                 step AS (
                   SELECT id,
                          valid_until AS at,
                          situation_id AS was,
                          lead(situation_id) OVER (
                            PARTITION BY id
                            -- an interval may last for no time
                            ORDER BY valid_from, valid_until NULLS LAST, opened_by) AS is_now
                     FROM each)
            SELECT step.id AS "hostId",
                   step.at
              FROM step
              JOIN situation was ON was.id = step.was
              JOIN situation is_now ON is_now.id = step.is_now
             WHERE was.stack_id <> is_now.stack_id
               AND ${buildsOf(sql`was.stack_id`)} IS DISTINCT FROM ${buildsOf(sql`is_now.stack_id`)}
             LIMIT ${limit}`,
        ),
      ),
    );
  }
}
