import { Injectable } from '@nestjs/common';
import { CohortsStore, type CohortKey } from './cohorts.store.js';
import { column } from './columns.js';
import { type Connection, Database, Prisma } from './database.js';
import { bucketOf } from './digests.js';
import type { Silence } from './heartbeats.store.js';
import { closeIntervals, type HostDetail } from './hosts.store.js';
import { retrying } from './unavailable.js';

/** What ingest must know of a host before it can place a report. */
export interface HostHead {
  readonly hostId: string;
  readonly sequence: bigint;
  readonly digest: string | null;
  readonly bootId: string | null;
  readonly machine: string | null;
  readonly situationId: string | null;
  readonly labelSetId: string;
  readonly suspect: boolean;
  readonly retired: boolean;
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
  expected === null ||
  expected.situationId !== report.situationId ||
  expected.labelSetId !== report.labelSetId ||
  expected.bootId !== report.bootId ||
  (report.suspect && !expected.suspect);

/** A head as PostgreSQL writes it: numbers that JSON would round are text. */
type WrittenHead = Omit<HostHead, 'sequence' | 'contactSequence'> & { readonly sequence: string; readonly contactSequence: string | null };
const readHead = (head: WrittenHead): HostHead => ({
  ...head,
  sequence: BigInt(head.sequence),
  contactSequence: head.contactSequence === null ? null : BigInt(head.contactSequence),
});

/** Where the host was counted before, and is from now on. */
const toMove = (report: PlacedReport): { hostId: string; from: CohortKey | null; to: CohortKey | null } => {
  const { hostId, expected, situationId, labelSetId } = report;
  if (expected?.retired) return { hostId, from: null, to: null };
  return { hostId, from: expected, to: { situationId, labelSetId, suspect: report.suspect || (expected?.suspect ?? false) } };
};

/**
 * Reports, many at once: one transaction and a constant number of statements over arrays, however many hosts are in it.
 *
 * Raw, because Prisma writes a row for each statement: 20 to 30 times slower.
 */
@Injectable()
export class ReportsStore {
  constructor(
    private readonly db: Database,
    private readonly cohorts: CohortsStore,
  ) {}

  /** What is known of these hosts; those that nobody knows are not there. */
  async heads(hostIds: readonly string[]): Promise<Map<string, HostHead>> {
    const keys = hostIds.map((hostId) => ({ hostId }));
    // as one text: hundreds of rows cost the driver more than the database
    const [found] = await this.db.$queryRaw<{ heads: string }[]>`
      /* reports.heads */
      SELECT coalesce(json_agg(head), '[]')::text AS heads FROM (
        SELECT h.id AS "hostId", h.sequence::text, h.digest, h.boot_id AS "bootId", h.machine, h.situation_id AS "situationId", h.label_set_id AS "labelSetId",
               h.suspect_since IS NOT NULL AS suspect, h.retired_at IS NOT NULL AS retired, h.referenced_since AS "referencedSince", b.sequence::text AS "contactSequence"
          FROM unnest(${column(keys, 'smallint', bucket)}, ${column(keys, 'uuid', (key) => key.hostId)}) AS k(bucket, id)
          JOIN host h ON h.bucket = k.bucket AND h.id = k.id LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id) head`;
    return new Map((JSON.parse(found!.heads) as WrittenHead[]).map((head) => [head.hostId, readHead(head)]));
  }

  /**
   * Stores reports of different hosts in one transaction: the hosts, their heartbeat rows, their history, and by how much their cohorts grow or shrink.
   *
   * @returns the ids of hosts whose report was not stored, because another document moved them since it was decided: place these again
   */
  async save(reports: readonly PlacedReport[], silence: Silence): Promise<Set<string>> {
    return retrying(() => this.store(reports, silence));
  }

  private async store(reports: readonly PlacedReport[], silence: Silence): Promise<Set<string>> {
    return this.db.$transaction(async (tx) => {
      const overtaken = await this.claim(tx, reports);
      const mine = reports.filter((report) => !overtaken.has(report.hostId));
      if (mine.length > 0) await this.write(tx, mine, silence);
      return overtaken;
    });
  }

  /** Makes the new hosts and locks the others, in the order of their keys, so that two batches never wait for each other in a circle. */
  private async claim(tx: Connection, reports: readonly PlacedReport[]): Promise<Set<string>> {
    const fresh = reports.filter((report) => report.expected === null);
    const made = fresh.length === 0 ? [] : await this.make(tx, fresh);
    const known = reports.filter((report) => report.expected !== null);
    const locked = known.length === 0 ? [] : await this.lock(tx, known);
    const mine = new Set([...made.map((row) => row.id), ...locked]);
    return new Set(reports.map((report) => report.hostId).filter((id) => !mine.has(id)));
  }

  /** Locks these hosts. @returns the ids of those that are still as the reports were decided against */
  private async lock(tx: Connection, reports: readonly PlacedReport[]): Promise<string[]> {
    const expected = reports.map((report) => report.expected!);
    const [found] = await tx.$queryRaw<{ ids: string }[]>`
      /* reports.lock */
      WITH locked AS (
        SELECT h.id, h.sequence = k.sequence AND h.label_set_id = k.label_set_id AND b.sequence IS NOT DISTINCT FROM k.contact_sequence AND (h.suspect_since IS NOT NULL) = k.suspect
               AND (h.retired_at IS NOT NULL) = k.retired AS same
          FROM unnest(${column(reports, 'smallint', bucket)}, ${column(expected, 'uuid', (head) => head.hostId)}, ${column(expected, 'bigint', (head) => head.sequence)},
                      ${column(expected, 'uuid', (head) => head.labelSetId)}, ${column(expected, 'bigint', (head) => head.contactSequence)}, ${column(expected, 'boolean', (head) => head.suspect)},
                      ${column(expected, 'boolean', (head) => head.retired)}) AS k(bucket, id, sequence, label_set_id, contact_sequence, suspect, retired)
          JOIN host h ON h.bucket = k.bucket AND h.id = k.id LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
         ORDER BY h.bucket, h.id FOR UPDATE OF h)
      SELECT coalesce(json_agg(id), '[]')::text AS ids FROM locked WHERE same`;
    return JSON.parse(found!.ids) as string[];
  }

  private async make(tx: Connection, reports: readonly PlacedReport[]): Promise<{ id: string }[]> {
    return tx.$queryRaw`
      /* reports.make */
      INSERT INTO host (bucket, id, hostname, label_set_id, added_at, since, opened_by)
      SELECT r.*, r.added_at, pg_current_xact_id()::text::bigint
        FROM unnest(${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'text', (report) => report.hostname)},
                    ${column(reports, 'uuid', (report) => report.labelSetId)}, ${column(reports, 'timestamptz', (report) => report.receivedAt)}) AS r(bucket, id, hostname, label_set_id, added_at)
       ORDER BY bucket, id
      ON CONFLICT (bucket, id) DO NOTHING RETURNING id`;
  }

  private async write(tx: Connection, reports: readonly PlacedReport[], silence: Silence): Promise<void> {
    await this.confirm(tx, reports, silence);
    const movers = reports.filter(moved);
    const known = movers.filter((report) => report.expected !== null);
    if (known.length > 0) await closeFor(tx, known);
    await tx.$executeRaw`
      /* reports.write */
      UPDATE host h SET hostname = r.hostname, machine = r.machine, label_set_id = r.label_set_id, situation_id = r.situation_id, boot_id = r.boot_id, sequence = r.sequence,
             digest = r.digest, observed_at = r.observed_at, detail = r.detail, referenced_since = r.referenced_since,
             suspect_since = CASE WHEN r.suspect THEN coalesce(h.suspect_since, r.received_at) ELSE h.suspect_since END,
             since = CASE WHEN r.moved THEN greatest(h.since, r.received_at) ELSE h.since END,
             opened_by = CASE WHEN r.moved THEN pg_current_xact_id()::text::bigint ELSE h.opened_by END
        FROM unnest(${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'text', (report) => report.hostname)},
                    ${column(reports, 'text', (report) => report.machine)}, ${column(reports, 'uuid', (report) => report.labelSetId)}, ${column(reports, 'uuid', (report) => report.situationId)},
                    ${column(reports, 'uuid', (report) => report.bootId)}, ${column(reports, 'bigint', (report) => report.sequence)}, ${column(reports, 'text', (report) => report.digest)},
                    ${column(reports, 'timestamptz', (report) => report.observedAt)}, ${column(reports, 'jsonb', (report) => report.detail)},
                    ${column(reports, 'jsonb', (report) => report.referencedSince)}, ${column(reports, 'boolean', (report) => report.suspect)},
                    ${column(reports, 'timestamptz', (report) => report.receivedAt)}, ${column(reports, 'boolean', moved)})
             AS r(bucket, id, hostname, machine, label_set_id, situation_id, boot_id, sequence, digest, observed_at, detail, referenced_since, suspect, received_at, moved)
       WHERE h.bucket = r.bucket AND h.id = r.id`;
    if (movers.length > 0) await this.cohorts.append(tx, movers.map(toMove));
  }

  /** Facts are as of this report. A heartbeat that overtook it told of other content, or of content that had come back: then a report is still wanted. */
  private async confirm(tx: Connection, reports: readonly PlacedReport[], silence: Silence): Promise<void> {
    const known = reports.filter((report) => report.expected !== null);
    if (known.length > 0) await keepLapses(tx, known, silence);
    const moves = reports.map(toMove);
    await tx.$executeRaw`
      /* reports.confirm */
      INSERT INTO host_heartbeat AS b (bucket, host_id, sequence, digest, boot_id, recheck_at, confirmed_at, contact_at, situation_id, label_set_id, suspect, confirmed_after)
      SELECT r.*, r.confirmed_at
        FROM unnest(${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'bigint', (report) => report.sequence)},
                    ${column(reports, 'text', (report) => report.digest)}, ${column(reports, 'uuid', (report) => report.bootId)}, ${column(reports, 'timestamptz', (report) => report.recheckAt)},
                    ${column(reports, 'timestamptz', (report) => report.observedAt)}, ${column(reports, 'timestamptz', (report) => report.receivedAt)},
                    ${column(moves, 'uuid', ({ to }) => to?.situationId)}, ${column(moves, 'uuid', ({ to }) => to?.labelSetId)}, ${column(moves, 'boolean', ({ to }) => to?.suspect ?? false)})
             AS r(bucket, host_id, sequence, digest, boot_id, recheck_at, confirmed_at, contact_at, situation_id, label_set_id, suspect)
      ON CONFLICT (bucket, host_id) DO UPDATE SET sequence = greatest(b.sequence, excluded.sequence), digest = excluded.digest, boot_id = excluded.boot_id, recheck_at = excluded.recheck_at,
             confirmed_at = excluded.confirmed_at, contact_at = excluded.contact_at,
             confirmed_after = CASE WHEN b.confirmed_after BETWEEN excluded.contact_at - make_interval(secs => ${silence.indexedAfter}::float8) AND excluded.confirmed_at THEN b.confirmed_after
                                    ELSE excluded.confirmed_at END,
             situation_id = excluded.situation_id, label_set_id = excluded.label_set_id, suspect = excluded.suspect,
             superseded_at = CASE WHEN b.sequence > excluded.sequence THEN coalesce(b.superseded_at, excluded.contact_at) END,
             superseded_by = CASE WHEN b.sequence > excluded.sequence THEN coalesce(b.superseded_by, pg_current_xact_id()::text::bigint) END`;
  }
}

/** Keeps the open intervals of hosts that move. */
async function closeFor(tx: Connection, reports: readonly PlacedReport[]): Promise<void> {
  await closeIntervals(
    tx,
    Prisma.sql`h.bucket = r.bucket AND h.id = r.id`,
    Prisma.sql`r.at`,
    Prisma.sql`, unnest(${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'timestamptz', (report) => report.receivedAt)}) AS r(bucket, id, at)`,
  );
}

/** Keeps what ends with these reports: that a host was silent, that its facts were superseded. Locks the heartbeat rows, so that no heartbeat comes in between. */
async function keepLapses(tx: Connection, reports: readonly PlacedReport[], { silentAfter }: Silence): Promise<void> {
  await tx.$executeRaw`
    /* reports.lapses */
    WITH r AS (SELECT * FROM unnest(${column(reports, 'smallint', bucket)}, ${column(reports, 'uuid', (report) => report.hostId)}, ${column(reports, 'bigint', (report) => report.sequence)},
                                    ${column(reports, 'timestamptz', (report) => report.receivedAt)})
                           AS r(bucket, id, sequence, at)),
         old AS (SELECT b.bucket, b.host_id, b.confirmed_at, b.superseded_at, b.superseded_by, b.sequence > r.sequence AS overtaken, r.at
                   FROM host_heartbeat b JOIN r ON b.bucket = r.bucket AND b.host_id = r.id ORDER BY b.bucket, b.host_id FOR UPDATE OF b)
    INSERT INTO host_lapse (bucket, host_id, kind, since, until, opened_by, closed_by)
    SELECT bucket, host_id, 'SILENT', confirmed_at, at, NULL::bigint, pg_current_xact_id()::text::bigint FROM old WHERE confirmed_at < at - make_interval(secs => ${silentAfter}::float8)
    UNION ALL SELECT bucket, host_id, 'SUPERSEDED', superseded_at, greatest(superseded_at, at), superseded_by, pg_current_xact_id()::text::bigint FROM old
               WHERE superseded_at IS NOT NULL AND NOT overtaken`;
}
