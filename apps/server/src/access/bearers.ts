import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { type Bearer, TokensStore } from '../store/access/tokens.store.js';
import { readToken, type TokenKind } from './token-text.js';

/** Checks bearer tokens and their kinds. */
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
  admit(request: FastifyRequest, kinds: readonly TokenKind[]): Bearer | Promise<Bearer> {
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
    if (kind === 'host' || kind === 'enrol') return checkKind(null, kinds);
    const now = this.clock.now();
    const cached = this.tokens.cached(token, now);
    if (cached !== null) return checkKind(cached, kinds);
    return this.tokens.find(token, now).then((bearer) => checkKind(bearer, kinds));
  }
}

function checkKind(bearer: Bearer | null, kinds: readonly TokenKind[]): Bearer {
  if (bearer === null)
    throw new RequestError('UNAUTHENTICATED', 'this token is not known, has expired or was revoked');
  if (bearer.role === 'none' || !kinds.includes(bearer.role))
    throw new RequestError(
      'FORBIDDEN',
      `this needs a token of the role ${kinds.join(' or ')}; this one is of the role ${bearer.role}`,
    );
  return bearer;
}
