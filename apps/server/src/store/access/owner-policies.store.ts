import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { Prisma } from '../../database/generated/client.js';
import type { Transaction } from '../catalog/revisions.js';

export type OwnerPolicyRow = Prisma.OwnerPolicyGetPayload<object>;

/** What the registry demands of what is published for an owner. */
@Injectable()
export class OwnerPoliciesStore {
  constructor(private readonly db: Database) {}

  /** The policy of this owner, or those of all owners that have one. */
  async list(owner: string | null): Promise<OwnerPolicyRow[]> {
    return this.db.ownerPolicy.findMany({
      where: owner === null ? {} : { owner },
      orderBy: { owner: 'asc' },
    });
  }

  /** From when on this owner's manifests must be signed; null: they need not be. */
  async requireSignedFrom(tx: Transaction, owner: string): Promise<Date | null> {
    return (await tx.ownerPolicy.findUnique({ where: { owner } }))?.requireSignedFrom ?? null;
  }

  /** Replaces the policy of an owner. */
  async set(tx: Transaction, policy: OwnerPolicyRow): Promise<void> {
    const { owner, ...rest } = policy;
    await tx.ownerPolicy.upsert({ where: { owner }, create: policy, update: rest });
  }
}
