import { Injectable } from '@nestjs/common';
import { Database, Prisma } from './database.js';
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
      await tx.$executeRaw`UPDATE host_history SET valid_until = greatest(valid_from, ${at}) WHERE bucket = ${bucket}::smallint AND host_id = ${hostId}::uuid AND valid_until IS NULL`;
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
