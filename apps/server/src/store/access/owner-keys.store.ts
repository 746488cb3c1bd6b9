import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { Prisma } from '../../database/generated/client.js';
import { revise, type Transaction } from '../catalog/revisions.js';

export type OwnerKeyRow = Prisma.OwnerKeyGetPayload<object>;

/** A key, and whether this call revoked it. */
interface Revocation {
  readonly key: OwnerKeyRow;
  readonly revoked: boolean;
}

/** The keys with which owners sign their author statements. */
@Injectable()
export class OwnerKeysStore {
  constructor(private readonly db: Database) {}

  /** The keys of this owner, or of all; the newest first. */
  async list(owner: string | null): Promise<OwnerKeyRow[]> {
    return this.db.ownerKey.findMany({
      where: owner === null ? {} : { owner },
      orderBy: [{ addedAt: 'desc' }, { fingerprint: 'asc' }],
    });
  }

  /** The keys of this owner. None of them is revoked before the transaction ends. */
  async listLocked(tx: Transaction, owner: string): Promise<OwnerKeyRow[]> {
    await tx.$queryRaw`SELECT fingerprint FROM owner_key WHERE owner = ${owner} FOR SHARE`;
    return tx.ownerKey.findMany({ where: { owner }, orderBy: { fingerprint: 'asc' } });
  }

  /** Adds a key; false if it exists already, for this or another owner. */
  async add(tx: Transaction, key: Omit<OwnerKeyRow, 'revokedAt'>): Promise<boolean> {
    const { count } = await tx.ownerKey.createMany({ data: [key], skipDuplicates: true });
    return count === 1;
  }

  /**
   * Revokes a key: the statements that it signed count as unsigned from now on. A key that is already revoked
   * stays as it is.
   *
   * @returns null if there is no such key
   */
  async revoke(tx: Transaction, fingerprint: string, at: Date): Promise<Revocation | null> {
    return revise<Revocation | null>(tx, at, async () => {
      const key = await tx.ownerKey.findUnique({ where: { fingerprint } });
      if (key === null || key.revokedAt !== null)
        return { result: key && { key, revoked: false }, changed: null };
      const revoked = await tx.ownerKey.update({ where: { fingerprint }, data: { revokedAt: at } });
      const signed = await tx.patchAuthor.findMany({
        where: { key: fingerprint },
        select: { buildId: true },
        distinct: ['buildId'],
      });
      await tx.patchAuthor.updateMany({ where: { key: fingerprint }, data: { evidence: 'UNSIGNED' } });
      return { result: { key: revoked, revoked: true }, changed: signed.map(({ buildId }) => buildId) };
    });
  }
}
