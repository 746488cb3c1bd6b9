import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { type Bearer, TokensStore } from '../store/access/tokens.store.js';
import { Accounts, looksLikeJwt } from './oidc/accounts.js';
import { Rates } from './rates.js';
import { tokenHashOf, tokenIn } from './token-hash.js';
import { readToken } from './token-text.js';

/** No token of the registry is longer. */
const MAX_CHARACTERS = 512;

/** Identifies the holders of bearer tokens: those of the registry, and those of the OpenID Connect issuer. */
@Injectable()
export class Bearers {
  constructor(
    private readonly tokens: TokensStore,
    private readonly clock: Clock,
    private readonly rates: Rates,
    private readonly accounts: Accounts,
  ) {}

  /**
   * Returns the holder of the token. A promise only if the token is not cached.
   *
   * @throws RequestError UNAUTHENTICATED or RATE_LIMITED
   */
  identify(request: FastifyRequest): Bearer | Promise<Bearer> {
    const refuse = (error: Error): never => {
      throw this.rates.refused(request, error);
    };
    try {
      const bearer = this.holderOf(request);
      return bearer instanceof Promise ? bearer.catch(refuse) : bearer;
    } catch (error) {
      return refuse(error as Error);
    }
  }

  /** Whether the holder of the token is known without a lookup. */
  isKnown(request: FastifyRequest): boolean {
    const token = tokenIn(request);
    if (token === undefined) return false;
    const cached = looksLikeJwt(token)
      ? this.accounts.cached(tokenHashOf(request))
      : this.tokens.cached(tokenHashOf(request), this.clock.now());
    return cached !== null;
  }

  private holderOf(request: FastifyRequest): Bearer | Promise<Bearer> {
    const token = tokenIn(request);
    if (token === undefined)
      throw new RequestError(
        'UNAUTHENTICATED',
        'this needs a token: send the header "Authorization: Bearer TOKEN"',
      );
    const hash = tokenHashOf(request);
    if (looksLikeJwt(token)) return this.accounts.cached(hash) ?? this.accounts.check(token, hash);
    if (token.length > MAX_CHARACTERS) return known(null);
    const kind = readToken(token);
    if (kind === 'DAMAGED')
      throw new RequestError(
        'UNAUTHENTICATED',
        'this token was mistyped or cut: its checksum does not match. Copy the whole token again',
      );
    // credentials of another kind than the rows of `token` branch off here, by their kind and without a
    // search
    if (kind === 'host' || kind === 'enrol') return known(null);
    const now = this.clock.now();
    const cached = this.tokens.cached(hash, now);
    if (cached !== null) return cached;
    return this.tokens.find(hash, now).then(known);
  }
}

function known(bearer: Bearer | null): Bearer {
  if (bearer !== null) return bearer;
  throw new RequestError('UNAUTHENTICATED', 'this token is not known, has expired or was revoked');
}
