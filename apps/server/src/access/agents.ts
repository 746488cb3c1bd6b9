import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Access, bearerOf } from './access.js';
import { ROUTES } from './access-table.js';
import { looksLikeHostCredential } from './host-credential.js';
import type { Scope } from '../store/access/tokens.store.js';
import { HostCredentials } from './host-credentials.js';

/** The hosts for which a request may send. */
export interface Sender {
  /** The only host; null: any of the scope. */
  readonly host: string | null;
  /** Of the token; null: all hosts. */
  readonly scope: Scope | null;
}

/** All routes of agents have the same right. */
const SENDERS = ROUTES['POST /v1/reports']!;

/** Authenticates the requests of agents: by the credential of one host, or by a token that sends for many. */
@Injectable()
export class Agents {
  private readonly senders = new WeakMap<FastifyRequest, string>();

  constructor(
    private readonly credentials: HostCredentials,
    private readonly access: Access,
  ) {}

  /**
   * Checks the credential of a request. A promise only if a token is looked up.
   *
   * @throws RequestError
   */
  admit(request: FastifyRequest): unknown {
    const token = /^Bearer (\S{1,512})$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!looksLikeHostCredential(token)) return this.access.admit(request, SENDERS, 'messages of agents');
    this.senders.set(request, this.credentials.check(token).instance);
    return undefined;
  }

  /** The hosts for which an admitted request may send. */
  senderOf(request: FastifyRequest): Sender {
    const host = this.senders.get(request) ?? null;
    return { host, scope: host === null ? bearerOf(request).scope : null };
  }
}
