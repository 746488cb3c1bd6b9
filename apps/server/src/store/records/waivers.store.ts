import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { Prisma } from '../../database/generated/client.js';
import type { Scope } from '../access/tokens.store.js';
import type { Transaction } from '../catalog/revisions.js';

/** Reasons that are accepted for some hosts until a time. */
export interface WaiverRow extends Omit<Prisma.WaiverGetPayload<object>, 'selector'> {
  /** Authoritative labels of the hosts. */
  readonly selector: Scope;
}

/** Whether a waiver is valid at a time. */
export const isActive = (
  { createdAt, expiresAt, revokedAt }: Pick<WaiverRow, 'createdAt' | 'expiresAt' | 'revokedAt'>,
  at: Date,
): boolean => createdAt <= at && at < expiresAt && (revokedAt === null || at < revokedAt);

/** Waivers. They are few: people add them. */
@Injectable()
export class WaiversStore {
  constructor(private readonly db: Database) {}

  async add(tx: Transaction, waiver: WaiverRow): Promise<void> {
    await tx.waiver.create({
      data: { ...waiver, selector: { ...waiver.selector } } as Prisma.WaiverCreateInput,
    });
  }

  /** Returns all waivers, the newest first. */
  async list(): Promise<WaiverRow[]> {
    return (await this.db.waiver.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] })).map(toRow);
  }

  /** Returns the waivers that were valid at this time. */
  async activeAt(at: Date): Promise<WaiverRow[]> {
    const rows = await this.db.waiver.findMany({ where: { expiresAt: { gt: at }, createdAt: { lte: at } } });
    return rows.map(toRow).filter((row) => isActive(row, at));
  }

  /** Ends a waiver; false if it had ended before. */
  async revoke(tx: Transaction, id: string, by: string, reason: string, at: Date): Promise<boolean> {
    const { count } = await tx.waiver.updateMany({
      where: { id, revokedAt: null, expiresAt: { gt: at } },
      data: { revokedAt: at, revokedBy: by, revokeReason: reason },
    });
    return count > 0;
  }
}

const toRow = (row: Prisma.WaiverGetPayload<object>): WaiverRow => ({
  ...row,
  selector: row.selector as unknown as Scope,
});
