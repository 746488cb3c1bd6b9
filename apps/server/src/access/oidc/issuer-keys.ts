import { Logger } from '@nestjs/common';
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { Clock } from '../../clock.js';
import { RequestError } from '../../errors.js';
import { fetchJson } from './fetch-json.js';
import type { OidcSettings } from './oidc-settings.js';

/** Keys of this age are read again, while they still count. */
const RENEW_MS = 5 * 60_000;
/** Keys are read at most this often, whatever tokens are sent. */
const PAUSE_MS = 30_000;
const HOUR_MS = 3_600_000;

const Discovery = z.object({
  issuer: z.string(),
  jwks_uri: z.url(),
  authorization_endpoint: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .catch(null),
  token_endpoint: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .catch(null),
});

/** Where people sign in; null: the issuer does not say. */
export interface IssuerEndpoints {
  readonly authorization: string | null;
  readonly token: string | null;
}

interface KeySet {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  /** The document, to recognise a change. */
  readonly text: string;
  readonly readAt: number;
  /** Grows when the keys change. */
  readonly revision: number;
}

const logger = new Logger('oidc');

/**
 * The published keys of the issuer, from its discovery document.
 *
 * They are read again after five minutes, and for a key id that is not known. If the issuer does not answer,
 * those that were read count on for the hours of the setting.
 */
export class IssuerKeys {
  /** Null: the discovery document was not read yet. */
  endpoints: IssuerEndpoints | null = null;
  private keys: KeySet | null = null;
  private reading: Promise<KeySet> | null = null;
  private triedAt = -Infinity;
  private failed = false;

  constructor(
    private readonly settings: OidcSettings,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the revision of the keys; null if they no longer count. Old ones are read again in the
   * background.
   */
  revision(): number | null {
    if (this.keys === null) return null;
    const age = this.since(this.keys.readAt);
    if (age >= RENEW_MS) void this.warm();
    return age < this.settings.keysHours * HOUR_MS ? this.keys.revision : null;
  }

  /**
   * Returns the key that signed a token, by its key id and algorithm. No other header of the token counts.
   *
   * @throws errors.JOSEError if there is no such key
   * @throws RequestError UNAVAILABLE if the keys are not known
   */
  readonly find: JWTVerifyGetKey = async ({ alg, kid }, token) => {
    const header = { alg, ...(kid !== undefined && { kid }) };
    const known = await this.current();
    try {
      return await known.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    return (await this.renew()).find(header, token);
  };

  /** Reads the keys before they are needed. */
  async warm(): Promise<void> {
    await this.renew().catch(() => undefined);
  }

  private async current(): Promise<KeySet> {
    return this.revision() === null ? this.renew() : this.keys!;
  }

  /** Reads the keys, unless that was tried a moment ago. Concurrent calls share one reading. */
  private async renew(): Promise<KeySet> {
    if (this.reading !== null) return this.reading;
    if (this.since(this.triedAt) >= PAUSE_MS) {
      this.triedAt = this.clock.now().getTime();
      this.reading = this.read().finally(() => (this.reading = null));
      return this.reading;
    }
    if (this.failed || this.keys === null) throw unavailable(this.settings);
    return this.keys;
  }

  private async read(): Promise<KeySet> {
    const { issuer } = this.settings;
    try {
      const at = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
      const discovery = Discovery.parse(await fetchJson(at, this.settings));
      if (discovery.issuer !== issuer)
        throw new Error(`${at} is of the issuer ${JSON.stringify(discovery.issuer)}, not of ${issuer}`);
      const { authorization_endpoint: authorization, token_endpoint: token } = discovery;
      this.endpoints = { authorization, token };
      const jwks = await fetchJson(discovery.jwks_uri, this.settings);
      const find = createLocalJWKSet(jwks as Parameters<typeof createLocalJWKSet>[0]);
      const text = JSON.stringify(jwks);
      const before = this.keys?.revision ?? 0;
      const revision = text === this.keys?.text ? before : before + 1;
      this.keys = { find, text, readAt: this.clock.now().getTime(), revision };
      this.failed = false;
      return this.keys;
    } catch (error) {
      this.failed = true;
      logger.warn(`the keys of the issuer ${issuer} cannot be read: ${(error as Error).message}`);
      throw unavailable(this.settings);
    }
  }

  /** A clock that was set back makes nothing younger. */
  private since(time: number): number {
    return Math.abs(this.clock.now().getTime() - time);
  }
}

const unavailable = ({ issuer }: OidcSettings): RequestError =>
  new RequestError(
    'UNAVAILABLE',
    `the issuer ${issuer} does not answer, and its key for this token is not known; try again later, or ` +
      'use a token of the registry',
  );
