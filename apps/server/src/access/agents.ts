import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Bearers } from './bearers.js';
import { looksLikeHostCredential } from './host-credential.js';
import { HostCredentials } from './host-credentials.js';
import type { Role } from '../store/access/tokens.store.js';

/** Roles of tokens that send for any host. */
const RELAYS: readonly Role[] = ['relay', 'admin'];

/** Authenticates the requests of agents: by the credential of one host, or by a token that sends for any. */
@Injectable()
export class Agents {
  private readonly senders = new WeakMap<FastifyRequest, string>();

  constructor(
    private readonly credentials: HostCredentials,
    private readonly bearers: Bearers,
  ) {}

  /**
   * Checks the credential of a request. A promise only if a token is looked up.
   *
   * @throws RequestError
   */
  admit(request: FastifyRequest): unknown {
    const token = /^Bearer (\S{1,512})$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!looksLikeHostCredential(token)) return this.bearers.admit(request, RELAYS);
    this.senders.set(request, this.credentials.check(token).instance);
    return undefined;
  }

  /** The only host for which an admitted request may send; null: any. */
  senderOf(request: FastifyRequest): string | null {
    return this.senders.get(request) ?? null;
  }
}
