import { randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import type { AuditEntry } from '../store/access/audit-chain.js';
import { AuditStore } from '../store/access/audit.store.js';
import {
  type EnrolmentTokenDraft,
  type EnrolmentTokenRow,
  EnrolmentTokensStore,
} from '../store/access/enrolment-tokens.store.js';
import {
  type CredentialState,
  type HostCredentialRow,
  HostCredentialsStore,
} from '../store/access/host-credentials.store.js';
import { type ServerKeyRow, ServerKeysStore } from '../store/access/server-keys.store.js';
import type { Transaction } from '../store/catalog/revisions.js';
import { SightingsStore } from '../store/catalog/sightings.store.js';
import { EnrolledLabels } from './enrolled-labels.js';
import { HostCredentials } from './host-credentials.js';
import { newToken } from './token-text.js';

/** What an admin does with an enrolment: from which states, and to which. */
const CHANGES = {
  'approve-enrolment': { from: ['PENDING'], to: 'ACTIVE' },
  'reject-enrolment': { from: ['PENDING'], to: 'REJECTED' },
  'revoke-host-credential': { from: ['PENDING', 'ACTIVE', 'REJECTED', 'RESET'], to: 'REVOKED' },
  'reset-host-credential': { from: ['PENDING', 'ACTIVE', 'REJECTED', 'REVOKED'], to: 'RESET' },
} as const satisfies Record<string, { from: readonly CredentialState[]; to: CredentialState }>;
export type EnrolmentChange = keyof typeof CHANGES;

/** A new key is used this long after it was made: all servers have read it by then. */
const KEY_DELAY_MS = 60_000;

/** What admins do with enrolment tokens and enrolled hosts. Each change is in the audit log. */
@Injectable()
export class EnrolmentAdmin {
  constructor(
    private readonly tokens: EnrolmentTokensStore,
    private readonly hosts: HostCredentialsStore,
    private readonly keys: ServerKeysStore,
    private readonly sightings: SightingsStore,
    private readonly labels: EnrolledLabels,
    private readonly credentials: HostCredentials,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  /** Makes an enrolment token. Its text is not stored. */
  async createToken(
    given: Omit<EnrolmentTokenDraft, 'id' | 'createdAt'>,
  ): Promise<{ readonly text: string; readonly row: EnrolmentTokenRow }> {
    const [text, id, createdAt] = [newToken('enrol'), randomUUID(), this.clock.now()];
    const draft = { ...given, id, createdAt };
    const row = await this.audit.record(async (tx) => {
      await this.tokens.add(tx, draft, text);
      const { createdBy: who, createdAt: _at, id: subject, ...detail } = draft;
      return {
        result: { ...draft, uses: 0, revokedAt: null, hostsRevokedAt: null },
        entry: { who, action: 'create-enrolment-token', subject, detail },
      };
    });
    return { text, row };
  }

  /**
   * Revokes an enrolment token.
   *
   * @param withHosts also the credentials of all hosts that it enrolled
   * @throws RequestError NOT_FOUND
   */
  async revokeToken(id: string, withHosts: boolean, who: string): Promise<EnrolmentTokenRow> {
    const at = this.clock.now();
    const row = await this.audit.record(async (tx) => {
      const before = await this.tokens.get(tx, id);
      if (before === null) throw new RequestError('NOT_FOUND', `no enrolment token has the id ${id}`);
      const changed = await this.tokens.revoke(tx, id, withHosts, at);
      if (changed && withHosts) {
        await this.keys.revoke(tx, id, null, at);
        await this.sightings.disown(tx, await this.hosts.ofToken(tx, id), at);
      }
      const entry: AuditEntry = { who, action: 'revoke-enrolment-token', subject: id, detail: { withHosts } };
      return { result: (await this.tokens.get(tx, id))!, entry: changed ? entry : null };
    });
    await this.credentials.refresh();
    return row;
  }

  /**
   * Changes the state of an enrolment. A reset also allows another key.
   *
   * @throws RequestError NOT_FOUND, or BAD_USER_INPUT if the enrolment is in another state
   */
  async change(
    hostId: string,
    action: EnrolmentChange,
    reason: string | null,
    who: string,
  ): Promise<HostCredentialRow> {
    const { from, to }: { from: readonly CredentialState[]; to: CredentialState } = CHANGES[action];
    const at = this.clock.now();
    const row = await this.audit.record(async (tx) => {
      const known = await this.hosts.lock(tx, hostId);
      if (known === null) throw new RequestError('NOT_FOUND', `no host with the id ${hostId} is enrolled`);
      if (known.state === to) return { result: known, entry: null };
      if (!from.includes(known.state))
        throw new RequestError(
          'BAD_USER_INPUT',
          `the enrolment of host ${hostId} is ${known.state}; allowed: ${from.join(', ')}`,
        );
      const result = { ...known, state: to, stateAt: at, stateBy: who };
      await this.hosts.replace(tx, result);
      if (to !== 'ACTIVE') await this.keys.revoke(tx, hostId, known.serial, at);
      if (to === 'REVOKED') await this.sightings.disown(tx, [hostId], at);
      return { result, entry: { who, action, subject: hostId, detail: reason === null ? {} : { reason } } };
    });
    if (to === 'ACTIVE') await this.labels.confer(row);
    await this.credentials.refresh();
    return row;
  }

  /**
   * Revokes the credential of a host that is compromised, and its enrolment. Part of a change that records
   * itself.
   *
   * A host that did not enrol may have a client certificate: the servers then look at it again.
   *
   * @returns false if there was nothing to revoke
   */
  async revokeCompromised(tx: Transaction, hostId: string, who: string, at: Date): Promise<boolean> {
    const known = await this.hosts.lock(tx, hostId);
    await this.keys.revoke(tx, hostId, known?.serial ?? 0, at);
    if (known === null || known.state === 'REVOKED') return false;
    await this.hosts.replace(tx, { ...known, state: 'REVOKED', stateAt: at, stateBy: who });
    return true;
  }

  /** Lets this server know what was just revoked. The others read it within 5 s. */
  async refresh(): Promise<void> {
    await this.credentials.refresh();
  }

  /**
   * Makes a new key for host credentials.
   *
   * @param immediately the keys before it are no longer valid: all hosts renew their credentials at once
   * @throws RequestError BAD_USER_INPUT if credentials of the key before the last one may still be valid
   */
  async rotateKey(immediately: boolean, who: string): Promise<Pick<ServerKeyRow, 'id' | 'activeFrom'>> {
    const now = this.clock.now();
    const activeFrom = immediately ? now : new Date(now.getTime() + KEY_DELAY_MS);
    const made = await this.audit.record(async (tx) => {
      const [newest, before] = await this.keys.list(tx);
      const free = newest && before && newest.activeFrom.getTime() + this.credentials.lifeMs;
      if (!immediately && free !== undefined && free > now.getTime())
        throw new RequestError(
          'BAD_USER_INPUT',
          `credentials of the key before the last one are valid until ${new Date(free).toISOString()}: ` +
            'wait until then, or rotate immediately',
        );
      const key = await this.keys.rotate(tx, randomBytes(32), activeFrom, immediately ? 0 : 1);
      const subject = String(key.id);
      return { result: key, entry: { who, action: 'rotate-server-key', subject, detail: { immediately } } };
    });
    await this.credentials.refresh();
    return { id: made.id, activeFrom: made.activeFrom };
  }
}
