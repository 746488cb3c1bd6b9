import { Injectable } from '@nestjs/common';
import { DATABASE_CLOCK, unnest } from '../../database/columns.js';
import { Database } from '../../database/database.js';
import { long, named, sql } from '../../database/sql.js';
import { retrying } from '../../database/unavailable.js';
import { bucketOf } from './bucket.js';
import { latestPlausible } from './hosts-at.js';
import { FIRST_SEQUENCE, SEQUENCE_JUMP } from './sequences.js';

/** A heartbeat as the store takes it. */
export interface PlacedHeartbeat {
  readonly hostId: string;
  readonly bootId: string;
  readonly digest: string;
  readonly sequence: bigint;
  readonly observedAt: Date;
  readonly receivedAt: Date;
}

/** Seconds before a message is received. */
export interface Silence {
  /** A host whose last confirmation is older was silent. */
  readonly silentAfter: number;
  /** The indexed time of the confirmation is updated if it is older. */
  readonly indexedAfter: number;
}

/** How a heartbeat differs from the last report of its host. */
export interface Comparison {
  readonly hostId: string;
  /** False: a newer message is stored, and the heartbeat changed nothing. */
  readonly noted: boolean;
  readonly sequence: bigint;
  readonly sameBoot: boolean;
  readonly sameContent: boolean;
  readonly superseded: boolean;
  readonly recheckAt: Date | null;
}

/** As `highestAfter`: the highest sequence that is accepted after the last one of `host_heartbeat b`. */
const HIGHEST = sql`
  (CASE WHEN b.sequence = 0 THEN ${FIRST_SEQUENCE}::bigint ELSE b.sequence + ${SEQUENCE_JUMP}::bigint END)`;

const IS_NEXT = sql`b.sequence < r.sequence AND r.sequence <= ${HIGHEST}`;
const CONFIRMS = sql`b.digest = r.digest AND b.boot_id = r.boot_id`;
/** A wrong clock made this confirmation: it must not hold back the present one. */
const IS_AHEAD = sql`b.confirmed_at > r.received_at + interval '1 minute'`;

/** Heartbeats in batches: one statement over arrays, which writes one narrow row for each host. */
@Injectable()
export class HeartbeatsStore {
  constructor(private readonly db: Database) {}

  /**
   * Stores heartbeats of different hosts. A heartbeat with the digest and boot of the last report confirms
   * its facts; another one supersedes them. The comparison and the write are one statement on one row, so
   * that no report can come in between.
   *
   * @returns a comparison for each host that has reported
   */
  async note(heartbeats: readonly PlacedHeartbeat[], silence: Silence): Promise<Map<string, Comparison>> {
    const noted = await retrying(() => this.confirm(heartbeats, silence));
    const comparisons = new Map(noted.map((row) => [row.hostId, row]));
    const others = heartbeats.filter((one) => !comparisons.has(one.hostId));
    for (const row of others.length === 0 ? [] : await this.compare(others)) comparisons.set(row.hostId, row);
    return comparisons;
  }

  private async confirm(
    heartbeats: readonly PlacedHeartbeat[],
    { silentAfter, indexedAfter }: Silence,
  ): Promise<Comparison[]> {
    const rows = unnest('r', heartbeats, {
      bucket: ['smallint', (one) => bucketOf(one.hostId)],
      id: ['uuid', (one) => one.hostId],
      boot_id: ['uuid', (one) => one.bootId],
      digest: ['text', (one) => one.digest],
      sequence: ['bigint', (one) => one.sequence],
      observed_at: ['timestamptz', (one) => one.observedAt],
      received_at: ['timestamptz', (one) => one.receivedAt],
    });
    const sent = performance.now();
    // the rows come back as one text: hundreds of rows cost the driver more than the database
    const [noted] = await this.db.$queryRaw<{ rows: string; now: Date }[]>(
      named(
        'heartbeats.confirm',
        sql`
          WITH r AS MATERIALIZED (
                 SELECT * FROM ${rows}),
               silent AS (
                 INSERT INTO host_gap (bucket, host_id, kind, since, until, closed_by)
                 SELECT b.bucket,
                        b.host_id,
                        'SILENT'::gap_kind,
                        b.confirmed_at,
                        r.received_at,
                        pg_current_xact_id()::text::bigint
                   FROM r
                   JOIN host_heartbeat b ON b.bucket = r.bucket AND b.host_id = r.id
                  WHERE b.confirmed_at < r.received_at - make_interval(secs => ${silentAfter}::float8)
                    AND ${IS_NEXT}
                    AND ${CONFIRMS}
                 ON CONFLICT DO NOTHING),
               noted AS (
                 UPDATE host_heartbeat b
                    SET sequence = r.sequence,
                        contact_at = r.received_at,
                        confirmed_at =
                          CASE WHEN NOT (${CONFIRMS}) THEN b.confirmed_at
                               WHEN ${IS_AHEAD} THEN r.observed_at
                               ELSE greatest(b.confirmed_at, r.observed_at) END,
                        confirmed_after =
                          CASE WHEN NOT (${CONFIRMS}) THEN b.confirmed_after
                               WHEN ${IS_AHEAD} THEN r.observed_at
                               WHEN b.confirmed_after
                                    < r.received_at - make_interval(secs => ${indexedAfter}::float8)
                               THEN greatest(b.confirmed_after, r.observed_at)
                               ELSE b.confirmed_after END,
                        superseded_at =
                          CASE WHEN ${CONFIRMS} THEN b.superseded_at
                               ELSE coalesce(b.superseded_at, r.received_at) END,
                        superseded_by =
                          CASE WHEN ${CONFIRMS} THEN b.superseded_by
                               ELSE coalesce(b.superseded_by, pg_current_xact_id()::text::bigint) END
                   FROM r
                  WHERE b.bucket = r.bucket
                    AND b.host_id = r.id
                    AND ${IS_NEXT}
                 RETURNING b.host_id AS "hostId",
                           b.sequence::text AS sequence,
                           b.boot_id = r.boot_id AS "sameBoot",
                           b.digest = r.digest AS "sameContent",
                           b.superseded_at IS NOT NULL AS superseded,
                           b.recheck_at AS "recheckAt")
          SELECT coalesce(json_agg(noted), '[]')::text AS rows, ${DATABASE_CLOCK}
            FROM noted`,
      ),
    );
    this.db.time.read(noted!.now, sent);
    this.db.faults.wrote();
    type Written = Omit<Comparison, 'noted' | 'sequence' | 'recheckAt'> & {
      readonly sequence: string;
      readonly recheckAt: string | null;
    };
    return (JSON.parse(noted!.rows) as Written[]).map((row) => ({
      ...row,
      noted: true,
      sequence: BigInt(row.sequence),
      recheckAt: row.recheckAt === null ? null : new Date(row.recheckAt),
    }));
  }

  /**
   * Marks the facts of hosts as superseded by newer messages that are not stored. Their sequences stay
   * unused, because the host may send the same message again.
   */
  async supersede(
    messages: readonly Pick<PlacedHeartbeat, 'hostId' | 'sequence' | 'receivedAt'>[],
  ): Promise<void> {
    if (messages.length === 0) return;
    const rows = unnest('r', messages, {
      bucket: ['smallint', (one) => bucketOf(one.hostId)],
      id: ['uuid', (one) => one.hostId],
      sequence: ['bigint', (one) => one.sequence],
      received_at: ['timestamptz', (one) => one.receivedAt],
    });
    await retrying(async () =>
      this.db.$executeRaw(
        named(
          'heartbeats.supersede',
          sql`
              UPDATE host_heartbeat b
                 SET superseded_at = r.received_at,
                     superseded_by = pg_current_xact_id()::text::bigint
                FROM ${rows}
               WHERE b.bucket = r.bucket
                 AND b.host_id = r.id
                 AND b.sequence < r.sequence
                 AND b.superseded_at IS NULL`,
        ),
      ),
    );
    this.db.faults.wrote();
  }

  /**
   * Takes back confirmations that lie in the future, which a wrong clock has made: the hosts would be fresh
   * until then. The last plausible confirmation takes their place.
   *
   * @returns their number
   */
  async takeBackFutureConfirmations(now: Date): Promise<number> {
    const [some] = await this.db.$queryRaw<{ ahead: boolean }[]>(
      long(sql`
        SELECT EXISTS (
                 SELECT
                   FROM host_heartbeat
                  WHERE confirmed_at > ${latestPlausible(now)}::timestamptz) AS ahead`),
    );
    if (some?.ahead !== true) return 0;
    return retrying(async () =>
      this.db.$transaction(async (tx) => {
        await tx.$executeRaw(long(sql`LOCK TABLE host_heartbeat IN SHARE ROW EXCLUSIVE MODE`));
        return tx.$executeRaw(
          long(sql`
            UPDATE host_heartbeat b
               SET confirmed_at = known.at,
                   confirmed_after = known.at
              FROM (SELECT a.bucket,
                           a.host_id,
                           coalesce(
                             CASE WHEN a.confirmed_after <= ${now}::timestamptz THEN a.confirmed_after END,
                             CASE WHEN h.observed_at <= ${now}::timestamptz THEN h.observed_at END,
                             'epoch') AS at
                      FROM host_heartbeat a
                      JOIN host h ON h.bucket = a.bucket AND h.id = a.host_id
                     WHERE a.confirmed_at > ${latestPlausible(now)}::timestamptz) known
             WHERE b.bucket = known.bucket AND b.host_id = known.host_id`),
        );
      }),
    );
  }

  /** The comparisons of heartbeats that are not newer than the last message of their host. */
  private async compare(heartbeats: readonly PlacedHeartbeat[]): Promise<Comparison[]> {
    const rows = unnest('r', heartbeats, {
      bucket: ['smallint', (one) => bucketOf(one.hostId)],
      id: ['uuid', (one) => one.hostId],
      boot_id: ['uuid', (one) => one.bootId],
      digest: ['text', (one) => one.digest],
    });
    return this.db.$queryRaw<Comparison[]>(
      named(
        'heartbeats.compare',
        sql`
          SELECT b.host_id AS "hostId",
                 false AS noted,
                 b.sequence,
                 b.boot_id = r.boot_id AS "sameBoot",
                 b.digest = r.digest AS "sameContent",
                 b.superseded_at IS NOT NULL AS superseded,
                 b.recheck_at AS "recheckAt"
            FROM ${rows}
            JOIN host_heartbeat b ON b.bucket = r.bucket AND b.host_id = r.id`,
      ),
    );
  }
}
