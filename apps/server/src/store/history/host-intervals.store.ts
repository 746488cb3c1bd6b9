import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { long, named, raw, sql, type Sql } from '../../database/sql.js';
import type { Scope } from '../access/tokens.store.js';
import { bucketOf } from '../hosts/bucket.js';
import { inCohort, inScope } from '../hosts/condition.js';
import type { AsOf } from './as-of.js';

/** A period in which a host was in one situation under one set of labels. */
export interface HostInterval {
  readonly from: Date;
  /** Null: it lasts. */
  readonly until: Date | null;
  /** The transaction that began it. It separates intervals that began at the same time. */
  readonly openedBy: bigint;
  readonly situationId: string | null;
  readonly labelSetId: string;
  readonly bootId: string | null;
  readonly suspect: boolean;
  readonly retired: boolean;
  /** Of the last report in it. */
  readonly sequence: bigint;
  /** Who sent that, as `report-sender.ts` writes it. */
  readonly sentBy: string | null;
}

/** The periods of one host: the closed ones in its history, and the one that lasts. */
@Injectable()
export class HostIntervalsStore {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /**
   * Reads intervals in the scope, the newest first.
   *
   * @param until the latest time at which they began
   * @param after milliseconds and transaction of the one before
   */
  async page(
    hostId: string,
    {
      until,
      after,
      limit,
    }: {
      readonly until: Date | null;
      readonly after: readonly [from: string, openedBy: string] | null;
      readonly limit: number;
    },
    scope: Scope | null,
    { usesPrimary }: AsOf,
  ): Promise<HostInterval[]> {
    const isBefore =
      after === null
        ? sql`true`
        : sql`(i.valid_from, i.opened_by) < (${new Date(Number(after[0]))}::timestamptz, ${after[1]}::bigint)`;
    return (usesPrimary ? this.db : this.read).$queryRaw<HostInterval[]>(
      long(
        named(
          'hosts.intervals',
          sql`
            SELECT i.valid_from AS "from",
                   i.valid_until AS "until",
                   i.opened_by AS "openedBy",
                   i.situation_id AS "situationId",
                   i.label_set_id AS "labelSetId",
                   i.boot_id AS "bootId",
                   i.suspect,
                   i.retired,
                   i.sequence,
                   i.sent_by AS "sentBy"
              FROM (${intervalsOf(hostId, scope)}) i
             WHERE ${until === null ? sql`true` : sql`i.valid_from <= ${until}::timestamptz`}
               AND ${isBefore}
             ORDER BY i.valid_from DESC, i.opened_by DESC
             LIMIT ${limit}`,
        ),
      ),
    );
  }

  /** Counts the intervals that overlap these times. */
  async count(
    hostId: string,
    from: Date | null,
    until: Date | null,
    scope: Scope | null,
    { usesPrimary }: AsOf,
  ): Promise<number> {
    const [row] = await (usesPrimary ? this.db : this.read).$queryRaw<{ n: number }[]>(
      sql`
        SELECT count(*)::integer AS n
          FROM (${intervalsOf(hostId, scope)}) i
         WHERE ${from === null ? sql`true` : sql`(i.valid_until IS NULL OR i.valid_until > ${from}::timestamptz)`}
           AND ${until === null ? sql`true` : sql`i.valid_from <= ${until}::timestamptz`}`,
    );
    return row!.n;
  }
}

/** All intervals of a host in the scope. */
function intervalsOf(hostId: string, scope: Scope | null): Sql {
  const bucket = sql`${bucketOf(hostId)}::smallint`;
  const columns = raw('situation_id, label_set_id, boot_id, sequence, sent_by');
  return sql`
    SELECT h.since AS valid_from, NULL::timestamptz AS valid_until, h.opened_by, h.suspect_since IS NOT NULL AS suspect,
           h.retired_at IS NOT NULL AS retired, ${columns}
      FROM host h
     WHERE h.bucket = ${bucket} AND h.id = ${hostId}::uuid AND ${inCohort(inScope(scope), 'h')}
     UNION ALL
    SELECT p.valid_from, p.valid_until, p.opened_by, p.suspect, p.retired, ${columns}
      FROM host_history p
     WHERE p.bucket = ${bucket} AND p.host_id = ${hostId}::uuid AND ${inCohort(inScope(scope), 'p')}`;
}
