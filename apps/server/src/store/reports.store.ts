import { Injectable } from '@nestjs/common';
import { column } from './columns.js';
import { type Connection, Database, Prisma } from './database.js';
import { bucketOf } from './digests.js';
import type { HostDetail } from './hosts.store.js';

/** What ingest must know of a host before it can place a report. */
export interface HostHead {
  readonly hostId: string;
  readonly sequence: bigint;
  readonly digest: string | null;
  readonly bootId: string | null;
  readonly machine: string | null;
  readonly situationId: string | null;
  readonly labelSetId: string;
  readonly referencedSince: Readonly<Record<string, string>>;
  /** Of the last heartbeat or report; null where there was neither. */
  readonly contactSequence: bigint | null;
}

/** A report as the store takes it: everything decided. */
export interface PlacedReport {
  readonly hostId: string;
  readonly hostname: string;
  readonly machine: string | null;
  readonly labelSetId: string;
  readonly situationId: string;
  readonly bootId: string;
  readonly sequence: bigint;
  readonly digest: string;
  readonly observedAt: Date;
  readonly receivedAt: Date;
  readonly detail: HostDetail;
  readonly referencedSince: Readonly<Record<string, string>>;
  readonly recheckAt: Date | null;
  /** Another machine hash than before. */
  readonly suspect: boolean;
  /** The head that all this was decided against; null: a new host. */
  readonly expected: HostHead | null;
}

const bucket = (report: { readonly hostId: string }): number => bucketOf(report.hostId);
const moved = ({ expected, ...report }: PlacedReport): boolean =>
  expected === null || expected.situationId !== report.situationId || expected.labelSetId !== report.labelSetId || expected.bootId !== report.bootId;

/**
 * Reports, many at once: one transaction and a constant number of statements over arrays, however many hosts are in it.
 *
 * Raw, because Prisma writes a row for each statement: 20 to 30 times slower.
 */
@Injectable()
export class ReportsStore {
  constructor(private readonly db: Database) {}

  /** What is known of these hosts; those that nobody knows are not there. */
  async heads(hostIds: readonly string[], connection: Connection = this.db, lock = false): Promise<Map<string, HostHead>> {
    const keys = hostIds.map((hostId) => ({ hostId })).toSorted((a, b) => (a.hostId.slice(-2) + a.hostId < b.hostId.slice(-2) + b.hostId ? -1 : 1));
    const rows = await connection.$queryRaw<HostHead[]>`
      SELECT h.id AS "hostId", h.sequence, h.digest, h.boot_id AS "bootId", h.machine, h.situation_id AS "situationId", h.label_set_id AS "labelSetId",
             h.referenced_since AS "referencedSince", b.sequence AS "contactSequence"
        FROM unnest(${column(keys, 'smallint', bucket)}, ${column(keys, 'uuid', (key) => key.hostId)}) AS k(bucket, id)
        JOIN host h ON h.bucket = k.bucket AND h.id = k.id LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
       ORDER BY h.bucket, h.id ${lock ? Prisma.sql`FOR UPDATE OF h` : Prisma.empty}`;
    return new Map(rows.map((row) => [row.hostId, row]));
  }

  /**
   * Stores reports of different hosts in one transaction: the hosts, their heartbeat rows, their history.
   *
   * @returns the ids of hosts whose report was not stored, because another document moved them since it was decided: place these again
   */
  async save(reports: readonly PlacedReport[]): Promise<Set<string>> {
    return this.db.$transaction(async (tx) => {
      const overtaken = await this.claim(tx, reports);
      const mine = reports.filter((report) => !overtaken.has(report.hostId));
      if (mine.length > 0) await this.write(tx, mine);
      return overtaken;
    });
  }

  /** Makes the new hosts and locks the others, in the order of their keys, so that two batches never wait for each other in a circle. */
  private async claim(tx: Connection, reports: readonly PlacedReport[]): Promise<Set<string>> {
    const fresh = reports.filter((report) => report.expected === null);
    const made = fresh.length === 0 ? [] : await this.make(tx, fresh);
    const known = reports.filter((report) => report.expected !== null);
    const heads =
      known.length === 0
        ? new Map<string, HostHead>()
        : await this.heads(
            known.map((report) => report.hostId),
            tx,
            true,
          );
    const unchanged = ({ hostId, expected }: PlacedReport): boolean => {
      const now = heads.get(hostId);
      return now?.sequence === expected?.sequence && now?.labelSetId === expected?.labelSetId && now?.contactSequence === expected?.contactSequence;
    };
    const mine = new Set([...made.map((row) => row.id), ...known.filter(unchanged).map((report) => report.hostId)]);
    return new Set(reports.map((report) => report.hostId).filter((id) => !mine.has(id)));
  }

  private async make(tx: Connection, reports: readonly PlacedReport[]): Promise<{ id: string }[]> {
    return tx.$queryRaw`
      INSERT INTO host (bucket, id, hostname, label_set_id, added_at)
      SELECT * FROM unnest(${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'text', (report) => report.hostname)},
                           ${column(reports, 'uuid', (report) => report.labelSetId)}, ${column(reports, 'timestamptz', (report) => report.receivedAt)}) AS r(bucket, id, hostname, label_set_id, added_at)
       ORDER BY bucket, id
      ON CONFLICT (bucket, id) DO NOTHING RETURNING id`;
  }

  private async write(tx: Connection, reports: readonly PlacedReport[]): Promise<void> {
    await tx.$executeRaw`
      UPDATE host h SET hostname = r.hostname, machine = r.machine, label_set_id = r.label_set_id, situation_id = r.situation_id, boot_id = r.boot_id, sequence = r.sequence,
             digest = r.digest, observed_at = r.observed_at, detail = r.detail, referenced_since = r.referenced_since,
             suspect_since = CASE WHEN r.suspect THEN coalesce(h.suspect_since, r.received_at) ELSE h.suspect_since END
        FROM unnest(${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'text', (report) => report.hostname)},
                    ${column(reports, 'text', (report) => report.machine)}, ${column(reports, 'uuid', (report) => report.labelSetId)}, ${column(reports, 'uuid', (report) => report.situationId)},
                    ${column(reports, 'uuid', (report) => report.bootId)}, ${column(reports, 'bigint', (report) => report.sequence)}, ${column(reports, 'text', (report) => report.digest)},
                    ${column(reports, 'timestamptz', (report) => report.observedAt)}, ${column(reports, 'jsonb', (report) => report.detail)},
                    ${column(reports, 'jsonb', (report) => report.referencedSince)}, ${column(reports, 'boolean', (report) => report.suspect)},
                    ${column(reports, 'timestamptz', (report) => report.receivedAt)})
             AS r(bucket, id, hostname, machine, label_set_id, situation_id, boot_id, sequence, digest, observed_at, detail, referenced_since, suspect, received_at)
       WHERE h.bucket = r.bucket AND h.id = r.id`;
    await this.confirm(tx, reports);
    const movers = reports.filter(moved);
    if (movers.length > 0) await this.appendHistory(tx, movers);
  }

  /** Facts are as of this report. A heartbeat that overtook it told of other content, or of content that had come back: then a report is still wanted. */
  private async confirm(tx: Connection, reports: readonly PlacedReport[]): Promise<void> {
    await tx.$executeRaw`
      INSERT INTO host_heartbeat AS b (bucket, host_id, sequence, digest, boot_id, recheck_at, confirmed_at, contact_at)
      SELECT * FROM unnest(${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'bigint', (report) => report.sequence)},
                           ${column(reports, 'text', (report) => report.digest)}, ${column(reports, 'uuid', (report) => report.bootId)}, ${column(reports, 'timestamptz', (report) => report.recheckAt)},
                           ${column(reports, 'timestamptz', (report) => report.observedAt)}, ${column(reports, 'timestamptz', (report) => report.receivedAt)})
      ON CONFLICT (bucket, host_id) DO UPDATE SET sequence = greatest(b.sequence, excluded.sequence), digest = excluded.digest, boot_id = excluded.boot_id, recheck_at = excluded.recheck_at,
             confirmed_at = excluded.confirmed_at, contact_at = excluded.contact_at,
             superseded_at = CASE WHEN b.sequence > excluded.sequence THEN coalesce(b.superseded_at, excluded.contact_at) END`;
  }

  /** Closes the open intervals and opens the next. Two reports of a host within one millisecond share an interval: the later one is kept. */
  private async appendHistory(tx: Connection, reports: readonly PlacedReport[]): Promise<void> {
    await tx.$executeRaw`
      UPDATE host_history o SET valid_until = greatest(o.valid_from, r.at)
        FROM unnest(${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'timestamptz', (report) => report.receivedAt)}) AS r(bucket, id, at)
       WHERE o.bucket = r.bucket AND o.host_id = r.id AND o.valid_until IS NULL`;
    await tx.$executeRaw`
      INSERT INTO host_history (bucket, host_id, valid_from, situation_id, label_set_id, boot_id, sequence)
      SELECT * FROM unnest(${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'timestamptz', (report) => report.receivedAt)},
                           ${column(reports, 'uuid', (report) => report.situationId)}, ${column(reports, 'uuid', (report) => report.labelSetId)}, ${column(reports, 'uuid', (report) => report.bootId)},
                           ${column(reports, 'bigint', (report) => report.sequence)})
      ON CONFLICT (bucket, host_id, valid_from) DO UPDATE SET situation_id = excluded.situation_id, label_set_id = excluded.label_set_id, boot_id = excluded.boot_id,
             sequence = excluded.sequence, valid_until = NULL`;
  }
}
