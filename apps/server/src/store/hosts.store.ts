import { Injectable } from '@nestjs/common';
import { type Connection, Database, Prisma } from './database.js';
import { bucketOf } from './digests.js';

/** What is kept of a host beside its situation, for people. */
export interface HostDetail {
  readonly agentVersion: string;
  readonly distribution: { readonly id: string; readonly version: string | null; readonly name: string | null } | null;
  readonly taint: number | null;
  readonly transition: {
    readonly patch: string;
    readonly since: string | null;
    readonly tasks: readonly { readonly pid: number; readonly comm: string }[];
    readonly moreTasks: number;
  } | null;
}

/** What ingest must know of a host before it can place a report. */
export interface HostHead {
  readonly sequence: bigint;
  readonly digest: string | null;
  readonly bootId: string | null;
  readonly machine: string | null;
  readonly situationId: string | null;
  readonly labelSetId: string;
  readonly referencedSince: Readonly<Record<string, string>>;
  /** Of the last heartbeat or report; null where there was neither. */
  readonly contactSequence: bigint | null;
  readonly supersededAt: Date | null;
  /** When the last report was observed. */
  readonly observedAt: Date | null;
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
  /** Another machine hash than before. */
  readonly suspect: boolean;
  /** A heartbeat that is newer than this report told of another content. */
  readonly superseded: boolean;
}

/** A host row as answers need it. */
export interface HostRow {
  readonly id: string;
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly labelSetId: string;
  readonly situationId: string | null;
  readonly bootId: string | null;
  readonly detail: Partial<HostDetail>;
  readonly suspect: boolean;
  readonly retiredAt: Date | null;
  readonly retiredBy: string | null;
  readonly confirmedAt: Date | null;
  readonly contactAt: Date | null;
  readonly superseded: boolean;
}

/** Hosts, their heartbeats and their history: the tables that are led by a bucket. Each statement names it. */
@Injectable()
export class HostsStore {
  constructor(private readonly db: Database) {}

  /** What is known of this host; null where nothing is. */
  async head(hostId: string, connection: Connection = this.db): Promise<HostHead | null> {
    const rows = await connection.$queryRaw<HostHead[]>`
      SELECT h.sequence, h.digest, h.boot_id AS "bootId", h.machine, h.situation_id AS "situationId", h.label_set_id AS "labelSetId",
             h.referenced_since AS "referencedSince", b.sequence AS "contactSequence", b.superseded_at AS "supersededAt",
             h.observed_at AS "observedAt"
        FROM host h LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
       WHERE h.bucket = ${bucketOf(hostId)}::smallint AND h.id = ${hostId}::uuid`;
    return rows[0] ?? null;
  }

  /**
   * Stores a report in one transaction: the host, its heartbeat row, its history.
   *
   * @param expected the head that the report was placed against; null for a new host
   * @returns false, and nothing is stored, where another document has moved the host meanwhile: place it again
   */
  async saveReport(report: PlacedReport, expected: HostHead | null): Promise<boolean> {
    return this.db.$transaction(async (tx) => {
      if (!(await this.claim(tx, report, expected))) return false;
      await tx.$executeRaw`
        UPDATE host SET hostname = ${report.hostname}, machine = ${report.machine}, label_set_id = ${report.labelSetId}::uuid, situation_id = ${report.situationId}::uuid,
               boot_id = ${report.bootId}::uuid, sequence = ${report.sequence}, digest = ${report.digest}, observed_at = ${report.observedAt},
               detail = ${JSON.stringify(report.detail)}::jsonb, referenced_since = ${JSON.stringify(report.referencedSince)}::jsonb,
               suspect_since = CASE WHEN ${report.suspect} THEN coalesce(suspect_since, ${report.receivedAt}) ELSE suspect_since END
         WHERE bucket = ${bucketOf(report.hostId)}::smallint AND id = ${report.hostId}::uuid`;
      await this.confirm(tx, report);
      await this.appendHistory(tx, report, expected);
      return true;
    });
  }

  /** Locks the host's row, or makes it; false where it is not what was expected. */
  private async claim(tx: Connection, report: PlacedReport, expected: HostHead | null): Promise<boolean> {
    const bucket = bucketOf(report.hostId);
    if (expected === null) {
      const made = await tx.$executeRaw`
        INSERT INTO host (bucket, id, hostname, label_set_id, added_at) VALUES (${bucket}::smallint, ${report.hostId}::uuid, ${report.hostname}, ${report.labelSetId}::uuid, ${report.receivedAt})
        ON CONFLICT (bucket, id) DO NOTHING`;
      return made === 1;
    }
    const locked = await tx.$queryRaw<{ sequence: bigint; labelSetId: string }[]>`
      SELECT sequence, label_set_id AS "labelSetId" FROM host WHERE bucket = ${bucket}::smallint AND id = ${report.hostId}::uuid FOR UPDATE`;
    if (locked[0]?.sequence !== expected.sequence || locked[0]?.labelSetId !== expected.labelSetId) return false;
    const now = await this.head(report.hostId, tx);
    return now?.contactSequence === expected.contactSequence;
  }

  private async confirm(tx: Connection, report: PlacedReport): Promise<void> {
    const superseded = report.superseded ? report.receivedAt : null;
    await tx.$executeRaw`
      INSERT INTO host_heartbeat AS b (bucket, host_id, sequence, confirmed_at, contact_at, superseded_at)
      VALUES (${bucketOf(report.hostId)}::smallint, ${report.hostId}::uuid, ${report.sequence}, ${report.observedAt}, ${report.receivedAt}, ${superseded}::timestamptz)
      ON CONFLICT (bucket, host_id) DO UPDATE SET sequence = greatest(b.sequence, excluded.sequence), confirmed_at = excluded.confirmed_at,
             contact_at = excluded.contact_at, superseded_at = excluded.superseded_at`;
  }

  /** Closes the open interval and opens the next, where the host has moved. Two reports within one millisecond share an interval: the later one is kept. */
  private async appendHistory(tx: Connection, report: PlacedReport, before: HostHead | null): Promise<void> {
    const moved = before === null || before.situationId !== report.situationId || before.labelSetId !== report.labelSetId || before.bootId !== report.bootId;
    if (!moved) return;
    const bucket = bucketOf(report.hostId);
    await tx.$executeRaw`
      UPDATE host_history SET valid_until = ${report.receivedAt} WHERE bucket = ${bucket}::smallint AND host_id = ${report.hostId}::uuid AND valid_until IS NULL`;
    await tx.$executeRaw`
      INSERT INTO host_history (bucket, host_id, valid_from, situation_id, label_set_id, boot_id, sequence)
      VALUES (${bucket}::smallint, ${report.hostId}::uuid, ${report.receivedAt}, ${report.situationId}::uuid, ${report.labelSetId}::uuid, ${report.bootId}::uuid, ${report.sequence})
      ON CONFLICT (bucket, host_id, valid_from) DO UPDATE SET situation_id = excluded.situation_id, label_set_id = excluded.label_set_id, boot_id = excluded.boot_id,
             sequence = excluded.sequence, valid_until = NULL`;
  }

  /** Notes that the facts of the last report hold as of `observedAt`; false where a newer document came meanwhile. */
  async confirmFacts(hostId: string, sequence: bigint, observedAt: Date, receivedAt: Date): Promise<boolean> {
    const changed = await this.db.$executeRaw`
      UPDATE host_heartbeat SET sequence = ${sequence}, confirmed_at = greatest(confirmed_at, ${observedAt}), contact_at = ${receivedAt}
       WHERE bucket = ${bucketOf(hostId)}::smallint AND host_id = ${hostId}::uuid AND sequence < ${sequence}`;
    return changed === 1;
  }

  /** Notes that the host lives and that its facts are not those of the last report; false where a newer document came meanwhile. */
  async supersede(hostId: string, sequence: bigint, receivedAt: Date): Promise<boolean> {
    const changed = await this.db.$executeRaw`
      UPDATE host_heartbeat SET sequence = ${sequence}, contact_at = ${receivedAt}, superseded_at = coalesce(superseded_at, ${receivedAt})
       WHERE bucket = ${bucketOf(hostId)}::smallint AND host_id = ${hostId}::uuid AND sequence < ${sequence}`;
    return changed === 1;
  }

  /** Marks the host as one that looks cloned or replayed. */
  async suspect(hostId: string, at: Date): Promise<void> {
    await this.db.$executeRaw`
      UPDATE host SET suspect_since = coalesce(suspect_since, ${at}) WHERE bucket = ${bucketOf(hostId)}::smallint AND id = ${hostId}::uuid`;
  }

  /** Makes a host known before it reports; false where the id is taken. */
  async add(hostId: string, hostname: string, labelSetId: string, at: Date): Promise<boolean> {
    const made = await this.db.$executeRaw`
      INSERT INTO host (bucket, id, hostname, label_set_id, added_at) VALUES (${bucketOf(hostId)}::smallint, ${hostId}::uuid, ${hostname}, ${labelSetId}::uuid, ${at})
      ON CONFLICT (bucket, id) DO NOTHING`;
    return made === 1;
  }

  /** Gives a host other labels, from now on; false where there is no such host. */
  async relabel(hostId: string, labelSetId: string, at: Date): Promise<boolean> {
    const bucket = bucketOf(hostId);
    return this.db.$transaction(async (tx) => {
      const rows = await tx.$queryRaw<{ situationId: string | null; bootId: string | null; sequence: bigint; labelSetId: string }[]>`
        SELECT situation_id AS "situationId", boot_id AS "bootId", sequence, label_set_id AS "labelSetId" FROM host WHERE bucket = ${bucket}::smallint AND id = ${hostId}::uuid FOR UPDATE`;
      const host = rows[0];
      if (host === undefined) return false;
      if (host.labelSetId === labelSetId) return true;
      await tx.$executeRaw`UPDATE host SET label_set_id = ${labelSetId}::uuid WHERE bucket = ${bucket}::smallint AND id = ${hostId}::uuid`;
      await tx.$executeRaw`UPDATE host_history SET valid_until = ${at} WHERE bucket = ${bucket}::smallint AND host_id = ${hostId}::uuid AND valid_until IS NULL`;
      await tx.$executeRaw`
        INSERT INTO host_history (bucket, host_id, valid_from, situation_id, label_set_id, boot_id, sequence)
        VALUES (${bucket}::smallint, ${hostId}::uuid, ${at}, ${host.situationId}::uuid, ${labelSetId}::uuid, ${host.bootId}::uuid, ${host.sequence})
        ON CONFLICT (bucket, host_id, valid_from) DO UPDATE SET label_set_id = excluded.label_set_id, valid_until = NULL`;
      return true;
    });
  }

  /** Takes a host out of every answer; false where there is no such host. A host that is retired already stays as it was. */
  async retire(hostId: string, by: string, at: Date): Promise<boolean> {
    const changed = await this.db.$executeRaw`
      UPDATE host SET retired_at = coalesce(retired_at, ${at}), retired_by = coalesce(retired_by, ${by}) WHERE bucket = ${bucketOf(hostId)}::smallint AND id = ${hostId}::uuid`;
    return changed === 1;
  }

  /** The hosts for which this holds, in the order given. */
  async list(where: Prisma.Sql, order: Prisma.Sql, limit: number): Promise<HostRow[]> {
    return this.db.$queryRaw<HostRow[]>`
      SELECT h.id, h.hostname, l.labels, h.label_set_id AS "labelSetId", h.situation_id AS "situationId", h.boot_id AS "bootId", h.detail,
             h.suspect_since IS NOT NULL AS suspect, h.retired_at AS "retiredAt", h.retired_by AS "retiredBy",
             b.confirmed_at AS "confirmedAt", b.contact_at AS "contactAt", b.superseded_at IS NOT NULL AS superseded
        FROM host h JOIN label_set l ON l.id = h.label_set_id LEFT JOIN host_heartbeat b ON b.bucket = h.bucket AND b.host_id = h.id
       WHERE ${where} ORDER BY ${order} LIMIT ${limit}`;
  }

  async count(where: Prisma.Sql): Promise<number> {
    const rows = await this.db.$queryRaw<{ n: bigint }[]>`SELECT count(*) AS n FROM host h JOIN label_set l ON l.id = h.label_set_id WHERE ${where}`;
    return Number(rows[0]?.n ?? 0n);
  }
}
