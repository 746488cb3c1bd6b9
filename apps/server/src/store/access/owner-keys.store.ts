import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { Prisma } from '../../database/generated/client.js';
import { revise, type Transaction } from '../catalog/revisions.js';

export type OwnerKeyRow = Prisma.OwnerKeyGetPayload<object>;

/** A key, and whether it was revoked just now. */
interface Revocation {
  readonly key: OwnerKeyRow;
  readonly revoked: boolean;
}

/** The keys with which owners sign what they say of their patches. */
@Injectable()
export class OwnerKeysStore {
  constructor(private readonly db: Database) {}

  /** Keys of this owner, or all; the newest first. */
  async list(owner: string | null): Promise<OwnerKeyRow[]> {
    return this.db.ownerKey.findMany({ where: owner === null ? {} : { owner }, orderBy: [{ addedAt: 'desc' }, { fingerprint: 'asc' }] });
  }

  /** Adds a key; false where that key is there, for whomever. */
  async add(tx: Transaction, fingerprint: string, owner: string, publicKey: string, addedBy: string, addedAt: Date): Promise<boolean> {
    const { count } = await tx.ownerKey.createMany({ data: [{ fingerprint, owner, publicKey, addedBy, addedAt }], skipDuplicates: true });
    return count === 1;
  }

  /** Revokes a key: what it signed is an unsigned word from now on. null where there is no such key; one that is revoked already stays as it was. */
  async revoke(tx: Transaction, fingerprint: string, at: Date): Promise<Revocation | null> {
    return revise<Revocation | null>(tx, at, async () => {
      const key = await tx.ownerKey.findUnique({ where: { fingerprint } });
      if (key === null || key.revokedAt !== null) return { result: key && { key, revoked: false }, changed: null };
      const revoked = await tx.ownerKey.update({ where: { fingerprint }, data: { revokedAt: at } });
      const signed = await tx.patchAuthor.findMany({ where: { key: fingerprint }, select: { buildId: true }, distinct: ['buildId'] });
      await tx.patchAuthor.updateMany({ where: { key: fingerprint }, data: { evidence: 'UNSIGNED' } });
      return { result: { key: revoked, revoked: true }, changed: signed.map(({ buildId }) => buildId) };
    });
  }
}
