import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { type Bearer, type Role, TokensStore } from '../store/access/tokens.store.js';
import { readToken } from './token-text.js';

/** Checks bearer tokens and their roles. */
@Injectable()
export class Bearers {
  constructor(
    private readonly tokens: TokensStore,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the holder of the token. A promise only if the token is not cached.
   *
   * @throws RequestError UNAUTHENTICATED or FORBIDDEN
   */
  admit(request: FastifyRequest, roles: readonly Role[]): Bearer | Promise<Bearer> {
    const token = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined)
      throw new RequestError(
        'UNAUTHENTICATED',
        'this needs a token: send the header "Authorization: Bearer TOKEN"',
      );
    const kind = readToken(token);
    if (kind === 'DAMAGED')
      throw new RequestError(
        'UNAUTHENTICATED',
        'this token was mistyped or cut: its checksum does not match. Copy the whole token again',
      );
    // credentials of another kind than the rows of `token` branch off here, by their kind and without a search
    if (kind === 'host' || kind === 'enrol') return checkRole(null, roles);
    const now = this.clock.now();
    const cached = this.tokens.cached(token, now);
    if (cached !== null) return checkRole(cached, roles);
    return this.tokens.find(token, now).then((bearer) => checkRole(bearer, roles));
  }
}

function checkRole(bearer: Bearer | null, roles: readonly Role[]): Bearer {
  if (bearer === null)
    throw new RequestError('UNAUTHENTICATED', 'this token is not known, has expired or was revoked');
  if (bearer.role === 'none' || !roles.includes(bearer.role))
    throw new RequestError(
      'FORBIDDEN',
      `this needs a token of the role ${roles.join(' or ')}; this one is of the role ${bearer.role}`,
    );
  return bearer;
}
