import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { AuditStore } from '../store/access/audit.store.js';
import type { AuditAction } from '../store/access/audit-actions.js';
import type { Transaction } from '../store/catalog/revisions.js';
import type { Scope } from '../store/access/tokens.store.js';
import { present } from '../store/history/as-of.js';
import { type ChangeResult, HostsStore } from '../store/hosts/hosts.store.js';
import { Hosts } from './hosts.js';
import type { HostView } from './host-view.js';

/** A change of one host, and its entry in the audit log. */
export interface HostChange {
  readonly id: string;
  readonly action: AuditAction;
  readonly detail: object;
  readonly by: string;
  /** Of the admin. A host out of it is not found. */
  readonly scope: Scope | null;
  readonly store: (tx: Transaction, at: Date) => Promise<ChangeResult>;
}

const ATTEMPTS = 8;

/** Changes of hosts by admins. Each is in the audit log, which is written in the same transaction. */
@Injectable()
export class HostChanges {
  constructor(
    private readonly hosts: HostsStore,
    private readonly views: Hosts,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  /** Makes a change and returns the changed host. */
  async make(change: HostChange): Promise<HostView> {
    await this.record(change);
    return this.host(change.id, change.scope);
  }

  /**
   * Makes a change that depends on what is stored of the host. If that changes meanwhile, decides and stores
   * it again.
   *
   * @param conflict what happened to the host if all attempts fail
   */
  async decideAndMake(
    id: string,
    scope: Scope | null,
    conflict: string,
    decide: (host: HostView) => Promise<HostChange>,
  ): Promise<HostView> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++)
      if ((await this.record(await decide(await this.host(id, scope)))) !== 'CONFLICT')
        return this.host(id, scope);
    throw new RequestError(
      'BUSY',
      `${conflict} during each of ${ATTEMPTS} attempts: send this again in a few seconds`,
    );
  }

  /** Reads the host from the main database, because a replica may not have the change yet. */
  async host(id: string, scope: Scope | null): Promise<HostView> {
    const [view] = await this.views.view(
      await this.hosts.find({ id }, 1, present(this.clock.now()), scope, true),
    );
    if (view === undefined) throw new RequestError('NOT_FOUND', `no host has the id ${id}`);
    return view;
  }

  private async record({ id, action, detail, by, scope, store }: HostChange): Promise<ChangeResult> {
    if (scope !== null) await this.host(id, scope);
    return this.audit.record(async (tx) => {
      const result = await store(tx, this.clock.now());
      if (result === 'NO_SUCH_HOST') throw new RequestError('NOT_FOUND', `no host has the id ${id}`);
      return { result, entry: result === 'CHANGED' ? { who: by, action, subject: id, detail } : null };
    });
  }
}
