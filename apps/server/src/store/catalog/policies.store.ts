import { Injectable } from '@nestjs/common';
import { PolicyDocument } from '@klpreg/wire';
import { Database } from '../../database/database.js';
import type { Prisma } from '../../database/generated/client.js';
import { nextRevision, type Transaction } from './revisions.js';

/** A policy of the registry. */
export interface StoredPolicy {
  readonly revision: number;
  readonly document: PolicyDocument;
  readonly appliedAt: Date;
  readonly appliedBy: string;
  readonly reason: string;
}

const toPolicy = ({
  number,
  document,
  appliedAt,
  appliedBy,
  reason,
}: Prisma.PolicyRevisionGetPayload<object>): StoredPolicy => ({
  revision: number,
  document: PolicyDocument.parse(document),
  appliedAt,
  appliedBy,
  reason,
});

/** The policies, the newest first. */
@Injectable()
export class PoliciesStore {
  constructor(private readonly db: Database) {}

  /** @returns null if there is no policy of this revision; null for `revision`: the newest */
  async get(revision: number | null): Promise<StoredPolicy | null> {
    const rows = await this.db.policyRevision.findMany({
      where: revision === null ? {} : { number: revision },
      orderBy: { number: 'desc' },
      take: 1,
    });
    return rows[0] === undefined ? null : toPolicy(rows[0]);
  }

  /** A page of them, from the one before this revision. */
  async page(before: number | null, limit: number): Promise<StoredPolicy[]> {
    const rows = await this.db.policyRevision.findMany({
      where: before === null ? {} : { number: { lt: before } },
      orderBy: { number: 'desc' },
      take: limit,
    });
    return rows.map(toPolicy);
  }

  async count(): Promise<number> {
    return this.db.policyRevision.count();
  }

  /**
   * Adds a policy as a new revision of the catalog, whose row stays locked until the transaction ends.
   *
   * @param expected the revision that it replaces, 0 if there is none; null: any
   * @returns the newest revision (0: there is none) if it is not the expected one
   */
  async add(
    tx: Transaction,
    { document, appliedAt, appliedBy, reason }: Omit<StoredPolicy, 'revision'>,
    expected: number | null,
  ): Promise<StoredPolicy | number> {
    const catalogRevision = await nextRevision(tx, appliedAt);
    const last = await tx.policyRevision.aggregate({ _max: { number: true } });
    const newest = last._max.number ?? 0;
    if (expected !== null && expected !== newest) return newest;
    const row = { number: newest + 1, catalogRevision, document, appliedAt, appliedBy, reason };
    return toPolicy(await tx.policyRevision.create({ data: row }));
  }
}

/** The policy at this revision of the catalog; null: there was none. */
export async function policyAt(database: Database, revision: bigint): Promise<StoredPolicy | null> {
  const row = await database.policyRevision.findFirst({
    where: { catalogRevision: { lte: revision } },
    orderBy: { catalogRevision: 'desc' },
  });
  return row === null ? null : toPolicy(row);
}
