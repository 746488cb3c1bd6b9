import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../clock.js';
import { Database } from '../../database/database.js';
import type { Transaction } from '../catalog/revisions.js';
import { retrying } from '../../database/unavailable.js';

/** What the audit log records of a change. */
export interface AuditEntry {
  readonly who: string;
  readonly action: string;
  readonly subject: string;
  readonly detail?: object;
}

/** The result of a change and its entry in the audit log; null: nothing changed. */
export interface AuditedChange<Result> {
  readonly result: Result;
  readonly entry: AuditEntry | null;
}

/** The log of every change by a person or a token. Entries are only added. */
@Injectable()
export class AuditStore {
  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
  ) {}

  /** Makes a change and records it in one transaction. If it throws, neither has happened. */
  async record<Result>(change: (tx: Transaction) => Promise<AuditedChange<Result>>): Promise<Result> {
    return retrying(async () =>
      this.db.$transaction(async (tx) => {
        const { result, entry } = await change(tx);
        if (entry !== null) await tx.audit.create({ data: { id: uuidv7(), at: this.clock.now(), ...entry } });
        return result;
      }),
    );
  }
}
