import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { bugs } from '../../bug-log.js';
import { Clock } from '../../clock.js';
import { CONFIG, type Config } from '../../config.js';
import { RequestError } from '../../errors.js';
import type { Bearer } from '../../store/access/tokens.store.js';
import { type IssuerEndpoints, IssuerKeys } from './issuer-keys.js';
import type { OidcSettings } from './oidc-settings.js';

/** Signatures by a private key only: with HS256 or `none` anybody could sign. */
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');
/** The kinds of JWT that name who sends a request. Logout tokens and others do not. */
const TYPES = ['jwt', 'at+jwt', 'application/at+jwt'];
/** A token counts at most this long after it was issued, because the registry cannot revoke it. */
const MAX_AGE_SECONDS = 24 * 60 * 60;
const MAX_CHARACTERS = 8_192;

interface Known {
  readonly bearer: Bearer & { readonly expiresAt: Date };
  /** The revision of the keys that it was checked with. */
  readonly revision: number;
}

/** Whether this claims to be a JWT: a text in parts. Tokens of the registry have no dots. */
export const looksLikeJwt = (token: string): boolean => /\..*\./.test(token);

/** Identifies people by JWTs of the OpenID Connect issuer. */
@Injectable()
export class Accounts implements OnApplicationBootstrap {
  private readonly settings: OidcSettings | null;
  private readonly keys: IssuerKeys | null;
  /** By the hash of the token: only those that were valid. */
  private readonly cache = new LRUCache<string, Known>({ max: 10_000 });

  constructor(
    private readonly clock: Clock,
    @Inject(CONFIG) { oidc }: Pick<Config, 'oidc'>,
  ) {
    this.settings = oidc;
    this.keys = oidc && new IssuerKeys(oidc, clock);
  }

  onApplicationBootstrap(): void {
    void this.keys?.warm();
  }

  /** Where people sign in at the issuer; null: OpenID Connect is off, or the issuer has not answered yet. */
  get endpoints(): IssuerEndpoints | null {
    return this.keys?.endpoints ?? null;
  }

  /** The origins that a page needs to sign somebody in. */
  issuerOrigins(): readonly string[] {
    const addresses = [this.settings?.issuer, this.endpoints?.token];
    return [...new Set(addresses.flatMap((address) => (address ? [new URL(address).origin] : [])))];
  }

  /**
   * The holder of the token with this hash, if it was checked with the keys that count now and is still
   * valid.
   */
  cached(hash: string): Bearer | null {
    const known = this.cache.get(hash);
    if (known === undefined || this.clock.now() >= known.bearer.expiresAt) return null;
    return known.revision === this.keys?.revision() ? known.bearer : null;
  }

  /**
   * Checks a token, and returns its holder. An account without a role is one of the role `none`.
   *
   * @throws RequestError UNAUTHENTICATED, or UNAVAILABLE if the keys of the issuer are not known
   */
  async check(token: string, hash: string): Promise<Bearer> {
    const { settings, keys } = this;
    if (settings === null || keys === null)
      throw refused('is a JWT, and this registry has no issuer of them (KLPREG_OIDC_ISSUER)');
    if (token.length > MAX_CHARACTERS)
      throw refused(`has ${token.length} characters; the limit is ${MAX_CHARACTERS}`);
    // before keys are looked for: what others issued never makes the registry ask the issuer
    refuseForeign(token, settings);
    // before the check: a token that was checked with earlier keys is not cached for later ones
    const revision = keys.revision();
    const claims = await this.verify(token, settings, keys);
    const end = Math.min(claims.exp, claims.iat + MAX_AGE_SECONDS) + settings.clockSkewSeconds;
    const expiresAt = new Date(end * 1000);
    const bearer = { name: nameOf(claims, settings), ...settings.roles.grantOf(claims), expiresAt };
    if (revision !== null) this.cache.set(hash, { bearer, revision });
    return bearer;
  }

  private async verify(token: string, settings: OidcSettings, keys: IssuerKeys): Promise<Claims> {
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        algorithms: ALGORITHMS,
        issuer: settings.issuer,
        audience: [...settings.audiences],
        requiredClaims: ['sub', 'exp', 'iat'],
        clockTolerance: settings.clockSkewSeconds,
        maxTokenAge: MAX_AGE_SECONDS,
        currentDate: this.clock.now(),
      });
      refuseOtherClient(payload, settings);
      return payload as Claims;
    } catch (error) {
      throw toRefusal(error);
    }
  }
}

type Claims = JWTPayload & { readonly sub: string; readonly exp: number; readonly iat: number };

function refuseForeign(token: string, { issuer }: OidcSettings): void {
  const { header, claims } = decode(token);
  const { alg, typ = 'jwt' } = header;
  if (alg === undefined || !ALGORITHMS.includes(alg))
    throw refused(`is signed with an algorithm that is not accepted; accepted: ${ALGORITHMS.join(', ')}`);
  if (typeof typ !== 'string' || !TYPES.includes(typ.toLowerCase()))
    throw refused('is a JWT of another type than an ID token or an access token');
  if (claims.iss !== issuer) throw refused(`is not of the issuer ${issuer}`);
}

/** Returns what a token says. Nothing of it is checked. */
function decode(token: string) {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    throw refused('is not a JWT that can be read');
  }
}

/** Refuses tokens that were issued to another client, or may have been. */
function refuseOtherClient({ azp, client_id: client, aud }: JWTPayload, { clientId }: OidcSettings): void {
  const parties = [azp, client].filter((one) => one !== undefined);
  if (parties.some((one) => one !== clientId)) throw refused(`was issued to another client than ${clientId}`);
  if (Array.isArray(aud) && aud.length > 1 && azp === undefined)
    throw refused('is for several audiences, and does not say which client it was issued to (azp)');
  if (parties.length === 0 && ![aud].flat().includes(clientId))
    throw refused('does not say which client it was issued to (azp or client_id)');
}

/**
 * Returns the name of an account for the audit log: its subject and its issuer. Subjects are ASCII by the
 * specification of OpenID Connect.
 */
function nameOf({ sub }: Claims, { issuer }: OidcSettings): string {
  if (typeof sub !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(sub))
    throw refused('has a subject that is not 1 to 255 printable ASCII characters');
  return `oidc:${sub}@${issuer.replace(/^https?:\/\//, '')}`;
}

const CLAIMS: Readonly<Record<string, string>> = {
  aud: 'is for another audience',
  nbf: 'is not valid yet',
  iat: 'was issued in the future, or has no time of issue',
};

function toRefusal(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof errors.JWTExpired) return refused('has expired: sign in again (klpreg login)');
  if (error instanceof errors.JWTClaimValidationFailed)
    return refused(CLAIMS[error.claim] ?? `has no valid claim ${error.claim}`);
  if (error instanceof errors.JWSSignatureVerificationFailed) return refused('is not signed by its issuer');
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return refused('is signed with a key that its issuer has not published');
  // a published key that cannot be used, such as a short one
  if (!(error instanceof errors.JOSEError)) bugs.note(error);
  return refused('is not a valid JWT');
}

const refused = (why: string): RequestError => new RequestError('UNAUTHENTICATED', `this token ${why}`);
