import { Injectable } from '@nestjs/common';
import { column, READING } from '../../database/columns.js';
import { Database, Prisma } from '../../database/database.js';
import { bucketOf } from './bucket.js';
import { latestPlausible } from './hosts-at.js';
import { FIRST_SEQUENCE, SEQUENCE_JUMP } from './sequences.js';
import { retrying } from '../../database/unavailable.js';

/** As `highestAfter`, of `host_heartbeat b`. */
const HIGHEST = Prisma.sql`(CASE WHEN b.sequence = 0 THEN ${FIRST_SEQUENCE}::bigint ELSE b.sequence + ${SEQUENCE_JUMP}::bigint END)`;

/** A heartbeat as the store takes it. */
export interface PlacedHeartbeat {
  readonly hostId: string;
  readonly bootId: string;
  readonly digest: string;
  readonly sequence: bigint;
  readonly observedAt: Date;
  readonly receivedAt: Date;
}

/** In seconds before a document comes. */
export interface Silence {
  /** A host that was confirmed longer ago and not since has been silent. */
  readonly silentAfter: number;
  /** What is indexed of a confirmation is moved where it is older. */
  readonly indexedAfter: number;
}

/** What a heartbeat was compared with, after it was noted; or what it was older than. */
export interface Comparison {
  readonly hostId: string;
  /** False: a newer document is known, and nothing was noted. */
  readonly noted: boolean;
  readonly sequence: bigint;
  readonly sameBoot: boolean;
  readonly sameContent: boolean;
  readonly superseded: boolean;
  readonly recheckAt: Date | null;
}

/** What is confirmed later than this was confirmed by a clock that was wrong: it does not hold back what is confirmed now. */
const AHEAD = Prisma.sql`r.received_at + interval '1 minute'`;

/** Heartbeats, many at once: one statement over arrays that touches one narrow row for each host. */
@Injectable()
export class HeartbeatsStore {
  constructor(private readonly db: Database) {}

  /**
   * Notes heartbeats of different hosts: facts that are the last report's are confirmed, others are superseded. What is compared and what is written is one row, so that no
   * report can come in between.
   *
   * @returns a comparison for each host that has reported; one that has not is not there
   */
  async note(heartbeats: readonly PlacedHeartbeat[], silence: Silence): Promise<Map<string, Comparison>> {
    const noted = await retrying(() => this.confirm(heartbeats, silence));
    const comparisons = new Map(noted.map((row) => [row.hostId, row]));
    const others = heartbeats.filter((one) => !comparisons.has(one.hostId));
    for (const row of others.length === 0 ? [] : await this.compare(others)) comparisons.set(row.hostId, row);
    return comparisons;
  }

  private async confirm(heartbeats: readonly PlacedHeartbeat[], { silentAfter, indexedAfter }: Silence): Promise<Comparison[]> {
    const sent = performance.now();
    const [noted] = await this.db.$queryRaw<{ rows: string; now: Date }[]>`
      /* heartbeats.confirm */
      WITH r AS MATERIALIZED (
             SELECT * FROM unnest(${column(heartbeats, 'smallint', (one) => bucketOf(one.hostId))}, ${column(heartbeats, 'uuid', (one) => one.hostId)}, ${column(heartbeats, 'uuid', (one) => one.bootId)},
                    ${column(heartbeats, 'text', (one) => one.digest)}, ${column(heartbeats, 'bigint', (one) => one.sequence)}, ${column(heartbeats, 'timestamptz', (one) => one.observedAt)},
                    ${column(heartbeats, 'timestamptz', (one) => one.receivedAt)})
                 AS r(bucket, id, boot_id, digest, sequence, observed_at, received_at)),
           silent AS (
             INSERT INTO host_lapse (bucket, host_id, kind, since, until, closed_by)
             SELECT b.bucket, b.host_id, 'SILENT', b.confirmed_at, r.received_at, pg_current_xact_id()::text::bigint
               FROM r JOIN host_heartbeat b ON b.bucket = r.bucket AND b.host_id = r.id
              WHERE b.confirmed_at < r.received_at - make_interval(secs => ${silentAfter}::float8) AND b.sequence < r.sequence AND r.sequence <= ${HIGHEST} AND b.digest = r.digest AND b.boot_id = r.boot_id
             ON CONFLICT DO NOTHING),
           noted AS (
      UPDATE host_heartbeat b
         SET sequence = r.sequence, contact_at = r.received_at,
             confirmed_at = CASE WHEN b.digest = r.digest AND b.boot_id = r.boot_id THEN CASE WHEN b.confirmed_at > ${AHEAD} THEN r.observed_at ELSE greatest(b.confirmed_at, r.observed_at) END ELSE b.confirmed_at END,
             confirmed_after = CASE WHEN b.digest = r.digest AND b.boot_id = r.boot_id AND (b.confirmed_after < r.received_at - make_interval(secs => ${indexedAfter}::float8) OR b.confirmed_at > ${AHEAD})
                                    THEN CASE WHEN b.confirmed_at > ${AHEAD} THEN r.observed_at ELSE greatest(b.confirmed_after, r.observed_at) END ELSE b.confirmed_after END,
             superseded_at = CASE WHEN b.digest = r.digest AND b.boot_id = r.boot_id THEN b.superseded_at ELSE coalesce(b.superseded_at, r.received_at) END,
             superseded_by = CASE WHEN b.digest = r.digest AND b.boot_id = r.boot_id THEN b.superseded_by ELSE coalesce(b.superseded_by, pg_current_xact_id()::text::bigint) END
        FROM r
       WHERE b.bucket = r.bucket AND b.host_id = r.id AND b.sequence < r.sequence AND r.sequence <= ${HIGHEST}
      RETURNING b.host_id AS "hostId", b.sequence::text AS sequence, b.boot_id = r.boot_id AS "sameBoot", b.digest = r.digest AS "sameContent", b.superseded_at IS NOT NULL AS superseded, b.recheck_at AS "recheckAt")
      SELECT coalesce(json_agg(noted), '[]')::text AS rows, ${READING} FROM noted`;
    this.db.time.read(noted!.now, sent);
    this.db.faults.wrote();
    // as one text: hundreds of rows cost the driver more than the database
    const rows = JSON.parse(noted!.rows) as (Omit<Comparison, 'noted' | 'sequence' | 'recheckAt'> & { sequence: string; recheckAt: string | null })[];
    return rows.map((row) => ({ ...row, noted: true, sequence: BigInt(row.sequence), recheckAt: row.recheckAt === null ? null : new Date(row.recheckAt) }));
  }

  /**
   * Takes back confirmations that lie ahead, which a wrong clock has told: what is left is the last one that is known. Else the hosts would be fresh on the day that the clock told.
   *
   * @returns how many there were
   */
  async takeBackFutureConfirmations(now: Date): Promise<number> {
    const [some] = await this.db.$queryRaw<{ ahead: boolean }[]>`
      /* long */ SELECT EXISTS (SELECT FROM host_heartbeat WHERE confirmed_at > ${latestPlausible(now)}::timestamptz) AS ahead`;
    if (some?.ahead !== true) return 0;
    return retrying(async () =>
      this.db.$transaction(async (tx) => {
        await tx.$executeRaw`/* long */ LOCK TABLE host_heartbeat IN SHARE ROW EXCLUSIVE MODE`;
        return tx.$executeRaw`
          /* long heartbeats.take-back */
          UPDATE host_heartbeat b SET confirmed_at = known.at, confirmed_after = known.at
            FROM (SELECT a.bucket, a.host_id, coalesce(CASE WHEN a.confirmed_after <= ${now}::timestamptz THEN a.confirmed_after END,
                         CASE WHEN h.observed_at <= ${now}::timestamptz THEN h.observed_at END, 'epoch') AS at
                    FROM host_heartbeat a JOIN host h ON h.bucket = a.bucket AND h.id = a.host_id WHERE a.confirmed_at > ${latestPlausible(now)}::timestamptz) known
           WHERE b.bucket = known.bucket AND b.host_id = known.host_id`;
      }),
    );
  }

  /** What is known of hosts whose heartbeats are not newer than that. */
  private async compare(heartbeats: readonly PlacedHeartbeat[]): Promise<Comparison[]> {
    return this.db.$queryRaw<Comparison[]>`
      /* heartbeats.compare */
      SELECT b.host_id AS "hostId", false AS noted, b.sequence, b.boot_id = r.boot_id AS "sameBoot", b.digest = r.digest AS "sameContent",
             b.superseded_at IS NOT NULL AS superseded, b.recheck_at AS "recheckAt"
        FROM unnest(${column(heartbeats, 'smallint', (one) => bucketOf(one.hostId))}, ${column(heartbeats, 'uuid', (one) => one.hostId)}, ${column(heartbeats, 'uuid', (one) => one.bootId)},
                    ${column(heartbeats, 'text', (one) => one.digest)}) AS r(bucket, id, boot_id, digest)
        JOIN host_heartbeat b ON b.bucket = r.bucket AND b.host_id = r.id`;
  }
}
