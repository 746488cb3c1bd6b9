import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { Transaction } from '../catalog/revisions.js';

/** A key of the registry, for HMAC-SHA-256. */
export interface ServerKeyRow {
  readonly id: number;
  readonly secret: Uint8Array;
  readonly activeFrom: Date;
}

/** A revocation of credentials: of a host up to a serial, or of all hosts of an enrolment token. */
export interface Revocation {
  readonly revision: bigint;
  readonly subject: string;
  readonly serial: number | null;
}

/** No credential lives longer than 30 days (`KLPREG_CREDENTIAL_HOURS`). */
const KEPT_MS = 31 * 24 * 3_600_000;

/** Ids of keys begin again after the last one. */
const MAX_ID = 255;

/** The keys with which servers check host credentials, and what is revoked. */
@Injectable()
export class ServerKeysStore {
  constructor(private readonly db: Database) {}

  /** All keys, the newest first. */
  async list(tx: Transaction = this.db): Promise<ServerKeyRow[]> {
    return tx.serverKey.findMany({ orderBy: { activeFrom: 'desc' } });
  }

  /** Adds the first key, if there is none. */
  async addFirst(secret: Uint8Array, now: Date): Promise<void> {
    await this.db.$transaction(async (tx) => {
      await tx.$executeRaw`LOCK TABLE server_key IN EXCLUSIVE MODE`;
      if ((await tx.serverKey.count()) > 0) return;
      await tx.serverKey.create({ data: { id: 1, secret: Uint8Array.from(secret), activeFrom: now } });
    });
  }

  /** Adds the next key, and removes all before it but the newest `kept`. */
  async rotate(tx: Transaction, secret: Uint8Array, activeFrom: Date, kept: 0 | 1): Promise<ServerKeyRow> {
    await tx.$executeRaw`LOCK TABLE server_key IN EXCLUSIVE MODE`;
    const before = await tx.serverKey.findMany({ orderBy: { activeFrom: 'desc' } });
    await tx.serverKey.deleteMany({ where: { id: { in: before.slice(kept).map(({ id }) => id) } } });
    const id = ((before[0]?.id ?? 0) % MAX_ID) + 1;
    return tx.serverKey.create({ data: { id, secret: Uint8Array.from(secret), activeFrom } });
  }

  /** Revokes credentials. Every server knows it a few seconds after the transaction. */
  async revoke(tx: Transaction, subject: string, serial: number | null, at: Date): Promise<void> {
    await tx.$executeRaw`LOCK TABLE credential_revocation IN EXCLUSIVE MODE`;
    await tx.$executeRaw`
      INSERT INTO credential_revocation (revision, subject, serial, at)
      SELECT coalesce(max(revision), 0) + 1, ${subject}::uuid, ${serial}::integer, ${at}
        FROM credential_revocation`;
    // credentials that were valid at that time have expired since; the last row has the revision
    await tx.$executeRaw`
      DELETE FROM credential_revocation
       WHERE at < ${new Date(at.getTime() - KEPT_MS)}
         AND revision < (SELECT max(revision) FROM credential_revocation)`;
  }

  /** The revocations after a revision, and the last revision: it is lower if the database was restored. */
  async revokedSince(revision: bigint): Promise<{ last: bigint; revocations: Revocation[] }> {
    const rows = await this.db.$queryRaw<(Revocation & { readonly last: bigint })[]>`
      SELECT (SELECT coalesce(max(revision), 0) FROM credential_revocation) AS last,
             r.revision,
             r.subject,
             r.serial
        FROM (SELECT 1) one
        LEFT JOIN credential_revocation r ON r.revision > ${revision}
       ORDER BY r.revision`;
    return { last: rows[0]!.last, revocations: rows.filter((row) => row.revision !== null) };
  }
}
