import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Access, bearerOf } from './access.js';
import { ROUTES } from './access-table.js';
import { Bearers } from './bearers.js';
import { type HostCredential, looksLikeHostCredential } from './host-credential.js';
import type { Scope } from '../store/access/tokens.store.js';
import { HostCertificates } from './host-certificates.js';
import { HostCredentials } from './host-credentials.js';
import { RequestError } from '../errors.js';
import { HostPlaces } from './host-places.js';
import { Rates } from './rates.js';
import { writeSender } from '../store/hosts/report-sender.js';

/** The hosts for which a request may send. */
export interface Sender {
  /** The only host; null: any of the scope. */
  readonly host: string | null;
  /** Of the token; null: all hosts. */
  readonly scope: Scope | null;
  /** As it is stored with a report. */
  readonly writtenAs: string;
}

const tokenOf = ({ headers }: FastifyRequest): string =>
  /^Bearer (\S{1,512})$/i.exec(headers.authorization ?? '')?.[1] ?? '';

/** All routes of agents have the same right. */
const SENDERS = ROUTES['POST /v1/reports']!;

/**
 * Authenticates the requests of agents: by the credential or the client certificate of one host, or by a
 * token that sends for many.
 *
 * A certificate that names a host also limits what else the connection shows: nothing on it sends for another
 * host.
 */
@Injectable()
export class Agents {
  constructor(
    private readonly credentials: HostCredentials,
    private readonly certificates: HostCertificates,
    private readonly access: Access,
    private readonly bearers: Bearers,
    private readonly places: HostPlaces,
    private readonly rates: Rates,
  ) {}

  /**
   * Checks the credential of a request. A promise only if a token is looked up.
   *
   * @throws RequestError
   */
  admit(request: FastifyRequest): unknown {
    const certified = this.certificates.hostOf(request);
    if (certified === null) return this.admitBearer(request, null);
    const checked = this.certificates.check(certified);
    return checked instanceof Promise
      ? checked.then(() => this.admitBearer(request, certified))
      : this.admitBearer(request, certified);
  }

  /** Whether the check of a request has to wait for a lookup. The credential of a host needs none. */
  needsLookup(request: FastifyRequest): boolean {
    if (!this.certificates.isKnown(request)) return true;
    const { authorization } = request.headers;
    // without a token only a client certificate counts, and that needs none
    if (authorization === undefined) return false;
    return !looksLikeHostCredential(tokenOf(request)) && !this.bearers.isKnown(request);
  }

  /** @param certified the host that the client certificate names */
  private admitBearer(request: FastifyRequest, certified: string | null): unknown {
    if (certified !== null) request.sendingHost = certified;
    if (certified !== null && request.headers.authorization === undefined)
      return this.countHost(request, certified);
    const token = tokenOf(request);
    return looksLikeHostCredential(token)
      ? this.admitHost(request, token, certified)
      : this.admitRelay(request);
  }

  private admitHost(request: FastifyRequest, credential: string, certified: string | null): void {
    const { instance } = this.check(request, credential);
    if (certified !== null && instance !== certified)
      throw new RequestError(
        'FORBIDDEN',
        `the client certificate is of host ${certified}, and the credential of host ${instance}`,
      );
    this.countHost(request, instance);
    request.sendingHost = instance;
  }

  private countHost(request: FastifyRequest, host: string): void {
    this.rates.countHost(request, host);
    this.places.note(request, host);
  }

  private check(request: FastifyRequest, credential: string): HostCredential {
    try {
      return this.credentials.check(credential);
    } catch (error) {
      throw this.rates.refused(request, error as Error);
    }
  }

  private admitRelay(request: FastifyRequest): unknown {
    const count = (): void => this.rates.countRelay(request);
    const bearer = this.access.admit(request, SENDERS, 'messages of agents');
    return bearer instanceof Promise ? bearer.then(count) : count();
  }

  /** The hosts for which an admitted request may send. */
  senderOf(request: FastifyRequest): Sender {
    const { sendingHost: host } = request;
    if (host !== null) return { host, scope: null, writtenAs: writeSender(null) };
    const { name, scope } = bearerOf(request);
    return { host, scope, writtenAs: writeSender(name) };
  }
}
