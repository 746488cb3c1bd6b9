import { Injectable } from '@nestjs/common';
import { sha256 } from '@klpreg/wire';
import { Database } from '../../database/database.js';
import type { Transaction } from '../catalog/revisions.js';
import type { Labels } from '../content/labels.store.js';

/** An enrolment token, without its text. */
export interface EnrolmentTokenRow {
  readonly id: string;
  readonly name: string;
  /** null: any number of hosts. */
  readonly useLimit: number | null;
  readonly uses: number;
  /** Addresses and CIDR ranges; empty: any. */
  readonly addresses: readonly string[];
  readonly needsApproval: boolean;
  readonly labels: Labels;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly hostsRevokedAt: Date | null;
}

/** What an admin decides about a new token. */
export type EnrolmentTokenDraft = Omit<EnrolmentTokenRow, 'uses' | 'revokedAt' | 'hostsRevokedAt'>;

/** The tokens with which hosts enrol, stored as their SHA-256. */
@Injectable()
export class EnrolmentTokensStore {
  constructor(private readonly db: Database) {}

  async add(
    tx: Transaction,
    { addresses, labels, ...draft }: EnrolmentTokenDraft,
    text: string,
  ): Promise<void> {
    const data = { ...draft, hash: sha256(text), addresses: [...addresses], labels: { ...labels } };
    await tx.enrolmentToken.create({ data });
  }

  /** All tokens, the newest first. */
  async list(): Promise<EnrolmentTokenRow[]> {
    const rows = await this.db.enrolmentToken.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] });
    return rows.map(toRow);
  }

  /** The token with this text, also if it is no longer valid; null: there is none. */
  async find(text: string): Promise<EnrolmentTokenRow | null> {
    const row = await this.db.enrolmentToken.findUnique({ where: { hash: sha256(text) } });
    return row && toRow(row);
  }

  async get(tx: Transaction, id: string): Promise<EnrolmentTokenRow | null> {
    const row = await tx.enrolmentToken.findUnique({ where: { id } });
    return row && toRow(row);
  }

  /** Counts a use. False if the limit is reached, or the token was revoked since it was read. */
  async use(tx: Transaction, id: string): Promise<boolean> {
    const used = await tx.$executeRaw`
      UPDATE enrolment_token
         SET uses = uses + 1
       WHERE id = ${id}::uuid AND revoked_at IS NULL AND (use_limit IS NULL OR uses < use_limit)`;
    return used === 1;
  }

  /** Revokes a token, and with `withHosts` marks that its hosts are revoked. False if nothing changed. */
  async revoke(tx: Transaction, id: string, withHosts: boolean, at: Date): Promise<boolean> {
    const changed = await tx.$executeRaw`
      UPDATE enrolment_token
         SET revoked_at = coalesce(revoked_at, ${at}),
             hosts_revoked_at = CASE WHEN ${withHosts} THEN coalesce(hosts_revoked_at, ${at})
                                     ELSE hosts_revoked_at END
       WHERE id = ${id}::uuid
         AND (revoked_at IS NULL OR (${withHosts} AND hosts_revoked_at IS NULL))`;
    return changed === 1;
  }
}

type StoredToken = Omit<EnrolmentTokenRow, 'labels'> & { readonly hash: string; readonly labels: unknown };

const toRow = ({ hash: _hash, labels, ...row }: StoredToken): EnrolmentTokenRow => ({
  ...row,
  labels: labels as Labels,
});
