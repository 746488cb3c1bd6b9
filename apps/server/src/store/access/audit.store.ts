import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../clock.js';
import { Database } from '../../database/database.js';
import { retrying } from '../../database/unavailable.js';
import type { Transaction } from '../catalog/revisions.js';
import { AUDIT_ACTIONS, type AuditAction } from './audit-actions.js';
import {
  type AuditEntry,
  type AuditHead,
  AuditKey,
  type AuditProblem,
  checkEntries,
  checkHead,
  FIRST_LINK,
  type SignedHead,
  type StoredEntry,
} from './audit-chain.js';

/** The result of a change and its entry in the audit log; null: nothing changed. */
export interface AuditedChange<Result> {
  readonly result: Result;
  readonly entry: AuditEntry | null;
}

/** Which entries a page of the log has. */
export interface AuditCondition {
  readonly who?: string | null;
  /** `OTHER`: actions that this version does not know. */
  readonly action?: AuditAction | 'OTHER' | null;
  readonly subject?: string | null;
}

/** The result of checking a part of the log. */
export interface AuditCheck {
  readonly checked: number;
  /** The number with which the next part begins; null at the end of the log. */
  readonly next: bigint | null;
  readonly problems: readonly AuditProblem[];
}

/** The advisory lock of a transaction that appends an entry. */
const APPEND_LOCK = 72_707_373;
/** Entries that one check reads. */
const CHECKED_AT_ONCE = 5_000;

const COLUMNS = {
  number: true,
  at: true,
  who: true,
  action: true,
  subject: true,
  detail: true,
  link: true,
  keyId: true,
} as const;

/**
 * The log of every change by a person or a token. Entries are only added, and each is chained to the one
 * before.
 */
@Injectable()
export class AuditStore {
  private readonly refusals = new LRUCache<string, true>({ max: 1_000, ttl: 60_000 });

  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
    @Inject(AuditKey) private readonly key: AuditKey,
  ) {}

  /** Makes a change and records it in one transaction. If it throws, neither has happened. */
  async record<Result>(change: (tx: Transaction) => Promise<AuditedChange<Result>>): Promise<Result> {
    return retrying(async () =>
      this.db.$transaction(async (tx) => {
        const { result, entry } = await change(tx);
        if (entry !== null) await this.append(tx, entry);
        return result;
      }),
    );
  }

  /**
   * Records a refused attempt at a privileged action: of each one by the same token, at most one a minute.
   */
  async recordRefusal(entry: AuditEntry): Promise<void> {
    const key = JSON.stringify([entry.who, entry.action, entry.subject]);
    if (this.refusals.has(key)) return;
    this.refusals.set(key, true);
    await this.record(async () => ({ result: undefined, entry }));
  }

  /**
   * Appends an entry. Other transactions wait with theirs until this one ends, so it comes last in its
   * transaction.
   */
  async append(
    tx: Transaction,
    { who, action, subject, detail = {} }: AuditEntry,
    at = this.clock.now(),
  ): Promise<void> {
    await tx.$queryRaw`SELECT pg_advisory_xact_lock(${APPEND_LOCK})::text`;
    const last = await tx.audit.findFirst({
      orderBy: { number: 'desc' },
      select: { number: true, link: true },
    });
    const entry = {
      number: (last?.number ?? 0n) + 1n,
      at,
      who,
      action,
      subject,
      // as PostgreSQL returns it
      detail: JSON.parse(JSON.stringify(detail)) as object,
    };
    const link = this.key.link(last?.link ?? FIRST_LINK, entry);
    await tx.audit.create({ data: { id: uuidv7(), ...entry, link, keyId: this.key.id } });
  }

  /** Returns entries, the newest first unless `backwards`. */
  async list(
    condition: AuditCondition,
    { size, after, backwards }: { size: number; after: bigint | null; backwards: boolean },
  ): Promise<StoredEntry[]> {
    const rows = await this.db.audit.findMany({
      where: {
        ...given(condition),
        ...(after === null ? {} : { number: { [backwards ? 'gt' : 'lt']: after } }),
      },
      orderBy: { number: backwards ? 'asc' : 'desc' },
      take: size,
      select: COLUMNS,
    });
    return rows as StoredEntry[];
  }

  async count(condition: AuditCondition): Promise<number> {
    return this.db.audit.count({ where: given(condition) });
  }

  /** Returns the last entry, signed; null if the log is empty or has no link yet. */
  async head(): Promise<SignedHead | null> {
    const last = await this.db.audit.findFirst({ orderBy: { number: 'desc' }, select: COLUMNS });
    if (last === null || last.link === null) return null;
    return this.key.signHead({ number: last.number, link: last.link }, this.clock.now());
  }

  /**
   * Checks a part of the log, from this number.
   *
   * @param head a head that was kept outside the database
   */
  async check(from: bigint, head: AuditHead | null): Promise<AuditCheck> {
    const rows = (await this.db.audit.findMany({
      where: { number: { gte: from - 1n } },
      orderBy: { number: 'asc' },
      take: CHECKED_AT_ONCE + 1,
      select: COLUMNS,
    })) as StoredEntry[];
    const before = rows[0]?.number === from - 1n ? rows.shift()! : null;
    const entries = rows.slice(0, CHECKED_AT_ONCE);
    const start = before ?? (from === 1n ? null : { number: from - 1n, link: null });
    const kept =
      head && (await this.db.audit.findUnique({ where: { number: head.number }, select: COLUMNS }));
    const last = entries.at(-1);
    const isFull = entries.length === CHECKED_AT_ONCE;
    return {
      checked: entries.length,
      next: isFull && last !== undefined ? last.number + 1n : null,
      problems: [...checkEntries(entries, start, this.key), ...(head === null ? [] : checkHead(head, kept))],
    };
  }
}

const given = ({ who, action, subject }: AuditCondition) => ({
  ...(who == null ? {} : { who }),
  ...(action == null ? {} : { action: action === 'OTHER' ? { notIn: [...AUDIT_ACTIONS] } : action }),
  ...(subject == null ? {} : { subject }),
});
