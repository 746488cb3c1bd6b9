import { Inject, Injectable } from '@nestjs/common';
import { type EnrolmentRequest, isProven, type RenewalRequest } from '@klpreg/wire';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { RequestError } from '../errors.js';
import type { AuditEntry } from '../store/access/audit-chain.js';
import { AuditStore } from '../store/access/audit.store.js';
import { type EnrolmentTokenRow, EnrolmentTokensStore } from '../store/access/enrolment-tokens.store.js';
import {
  type HostCredentialRow,
  HostCredentialsStore,
  type StoredHost,
} from '../store/access/host-credentials.store.js';
import { ServerKeysStore } from '../store/access/server-keys.store.js';
import type { Transaction } from '../store/catalog/revisions.js';
import { EnrolledLabels } from './enrolled-labels.js';
import { decideEnrolment, refuseProofTime, refuseRenewal, refuseToken } from './enrolment-decision.js';
import { HostCredentials, type IssuedCredential } from './host-credentials.js';

/** A credential; null: the enrolment waits for an admin. */
type Outcome = IssuedCredential | null;

const MAX_SERIAL = 2 ** 31 - 1;
/**
 * The maximum number of credentials that a restored database may lack. A host that claims more is refused
 * them.
 */
const MAX_LOST_SERIALS = 100_000;

const notProven = (): RequestError =>
  new RequestError('FORBIDDEN', 'the signature is not by the key of this host', [
    { pointer: '/signature', detail: "must be by the host's private key", found: 'another signature' },
  ]);

/** Enrols hosts, and renews their credentials. */
@Injectable()
export class Enrolment {
  constructor(
    private readonly tokens: EnrolmentTokensStore,
    private readonly hosts: HostCredentialsStore,
    private readonly keys: ServerKeysStore,
    private readonly credentials: HostCredentials,
    private readonly labels: EnrolledLabels,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Finds the token of a request to enrol. It may have expired: the answer to an earlier request may be lost.
   *
   * @throws RequestError UNAUTHENTICATED
   */
  async token(text: string): Promise<EnrolmentTokenRow> {
    const token = await this.tokens.find(text);
    if (token !== null) return token;
    throw new RequestError('UNAUTHENTICATED', 'this enrolment token is not known');
  }

  /**
   * Enrols a host. The same key again gets a credential again.
   *
   * @param address of the connection
   * @throws RequestError
   */
  async enrol(request: EnrolmentRequest, token: EnrolmentTokenRow, address: string): Promise<Outcome> {
    const publicKey = Buffer.from(request.publicKey, 'base64url');
    if (!isProven(request, publicKey)) throw notProven();
    const now = this.clock.now();
    const enrolling = { publicKey, address, now };
    const proofAt = new Date(request.at);
    const { issued, enrolled } = await this.audit.record(async (tx) => {
      const known = await this.hosts.lock(tx, request.instance);
      const refused = refuseProofTime(proofAt, known?.proofAt ?? null, now);
      if (refused !== null) throw refused;
      const decided = decideEnrolment(known, token, enrolling, this.config.credentials.graceDays);
      if (decided instanceof RequestError) throw decided;
      if (decided === 'REPEATED') {
        const issued = await this.give(tx, known!, known!.serial, proofAt);
        return { result: { issued, enrolled: known! }, entry: null };
      }
      const refusal = known === null && refuseStored(request, await this.hosts.stored(tx, request.instance));
      if (refusal) throw refusal;
      if (!(await this.tokens.use(tx, token.id))) throw await this.usedUp(tx, token, enrolling);
      const enrolled = newRow(request, token, publicKey, known, now);
      if (known === null && !(await this.hosts.add(tx, enrolled))) throw concurrent(request.instance);
      // until now it may have sent by a client certificate
      if (enrolled.state === 'PENDING') await this.keys.revoke(tx, request.instance, enrolled.serial, now);
      const issued = await this.give(tx, enrolled, enrolled.serial, proofAt);
      const { instance: subject, hostname } = request;
      const detail = { hostname, address, token: token.id, state: enrolled.state };
      const entry: AuditEntry = {
        who: `enrolment token ${token.name}`,
        action: 'enrol-host',
        subject,
        detail,
      };
      return { result: { issued, enrolled }, entry };
    });
    if (issued !== null) await this.labels.confer(enrolled);
    return issued;
  }

  /**
   * Renews a credential by a proof of the host's key. No token is needed, even if the credential has expired.
   *
   * @throws RequestError
   */
  async renew(request: RenewalRequest): Promise<Outcome> {
    const now = this.clock.now();
    const proofAt = new Date(request.at);
    const early = refuseProofTime(proofAt, null, now);
    if (early !== null) throw early;
    return this.audit.record(async (tx) => {
      const known = await this.hosts.lock(tx, request.instance);
      // the same answer for an unknown host and a wrong key, so that hosts cannot be counted
      if (known === null || !isProven(request, known.publicKey)) throw notProven();
      const token = await this.tokens.get(tx, known.tokenId);
      const refused =
        refuseProofTime(proofAt, known.proofAt, now) ??
        refuseRenewal(known, token, now, this.config.credentials.graceDays);
      if (refused !== null) throw refused;
      // after a restore of the database, the host may have a later serial
      return {
        result: await this.give(
          tx,
          known,
          Math.max(known.serial, Math.min(request.serial, known.serial + MAX_LOST_SERIALS)),
          proofAt,
        ),
        entry: null,
      };
    });
  }

  /** Gives a host its next credential, if no admin must approve it first. */
  private async give(
    tx: Transaction,
    row: HostCredentialRow,
    after: number,
    proofAt: Date,
  ): Promise<Outcome> {
    if (row.state === 'PENDING') {
      await this.hosts.replace(tx, { ...row, proofAt });
      return null;
    }
    const serial = Math.min(after + 1, MAX_SERIAL);
    const issued = this.credentials.issue(row.hostId, row.tokenId, serial);
    await this.hosts.replace(tx, { ...row, serial, proofAt, expiresAt: issued.expiresAt });
    return issued;
  }

  /** Another host took the last use, or an admin revoked the token, after it was read. */
  private async usedUp(
    tx: Transaction,
    token: EnrolmentTokenRow,
    enrolling: Parameters<typeof refuseToken>[1],
  ): Promise<Error> {
    const current = await this.tokens.get(tx, token.id);
    return (current && refuseToken(current, enrolling)) ?? concurrent(token.name);
  }
}

/** Refuses a first enrolment of a host that is known by its reports; null if it may enrol. */
function refuseStored(
  { instance, machine }: EnrolmentRequest,
  stored: StoredHost | null,
): RequestError | null {
  if (stored?.compromised === true)
    return new RequestError(
      'FORBIDDEN',
      `host ${instance} was retired as compromised: set the machine up again, with a new instance`,
    );
  if (stored === null || stored.machine === null || machine === null || stored.machine === machine)
    return null;
  return new RequestError(
    'FORBIDDEN',
    `host ${instance} has reported from another machine: give this one its own instance`,
    [{ pointer: '/machine', detail: 'must be the machine of the last report', found: 'another machine' }],
  );
}

const concurrent = (name: string): RequestError =>
  new RequestError('BUSY', `another request of ${name} was decided at the same time; send this one again`);

function newRow(
  { instance, machine, hostname }: EnrolmentRequest,
  token: EnrolmentTokenRow,
  publicKey: Uint8Array,
  known: HostCredentialRow | null,
  now: Date,
): HostCredentialRow {
  return {
    hostId: instance,
    publicKey,
    machine,
    hostname,
    tokenId: token.id,
    labels: token.labels,
    state: token.needsApproval ? 'PENDING' : 'ACTIVE',
    stateAt: now,
    stateBy: null,
    enrolledAt: now,
    serial: known?.serial ?? 0,
    expiresAt: known?.expiresAt ?? null,
    proofAt: now,
  };
}
