import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';

const CLIENT = 'klpreg';

/** A key pair, and its published half. */
export interface Key {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  readonly published: JWK;
}

export async function newKey(kid: string, alg = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, published: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** It begins an answer, and does not end it. */
  readonly hangs?: true;
}

/** A server on the loopback address that publishes keys as an issuer does. The tests sign with them. */
export class TinyIssuer {
  /** The paths that were asked for. */
  readonly requests: string[] = [];
  /** Answers that differ from those of an issuer, by their path. */
  readonly answers: Record<string, Answer> = {};
  keys: Key[] = [];
  private server: Server | null = null;
  private port = 0;

  static async open(...keys: Key[]): Promise<TinyIssuer> {
    const issuer = new TinyIssuer();
    issuer.keys = keys;
    await issuer.listen();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The settings of a registry that trusts this issuer. */
  get settings(): Record<string, string> {
    return {
      KLPREG_ACCESS: 'on',
      KLPREG_OIDC_ISSUER: this.url,
      KLPREG_OIDC_CLIENT_ID: CLIENT,
      KLPREG_OIDC_ALLOW_HTTP: 'yes',
      KLPREG_OIDC_ALLOW_PRIVATE: 'yes',
    };
  }

  /** How often its keys were read. */
  get readings(): number {
    return this.requests.filter((path) => path === '/keys').length;
  }

  /** Listens, after an outage at the same port. */
  async listen(): Promise<void> {
    this.server = createServer((request, response) => {
      const path = request.url ?? '';
      this.requests.push(path);
      const { status = 200, headers = {}, hangs, body = this.bodyOf(path) } = this.answers[path] ?? {};
      if (hangs === true) return void response.writeHead(status).write('{');
      response.writeHead(body === undefined ? 404 : status, {
        'content-type': 'application/json',
        ...headers,
      });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    }).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    this.server?.close();
    if (this.server !== null) await once(this.server, 'close');
    this.server = null;
  }

  private bodyOf(path: string): unknown {
    if (path === '/.well-known/openid-configuration')
      return { issuer: this.url, jwks_uri: `${this.url}/keys` };
    return path === '/keys' ? { keys: this.keys.map(({ published }) => published) } : undefined;
  }

  /** Signs a token as the issuer does. Undefined takes a claim away. */
  async sign(
    now: Date,
    claims: Record<string, unknown> = {},
    header: Partial<JWTHeaderParameters> = {},
    key = this.keys[0]!,
  ): Promise<string> {
    const seconds = Math.floor(now.getTime() / 1000);
    const times = { iat: seconds, exp: seconds + 600 };
    const all = { iss: this.url, sub: 'alice', aud: CLIENT, groups: ['ops'], ...times, ...claims };
    return new SignJWT(JSON.parse(JSON.stringify(all)) as Record<string, unknown>)
      .setProtectedHeader({ alg: key.alg, kid: key.kid, ...header })
      .sign(key.privateKey, { crit: { x: true } });
  }
}
