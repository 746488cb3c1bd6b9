import { Agent, request as requestHttp } from 'node:http';
import { Agent as SecureAgent, request as requestHttps } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** The response to a request, or the reason why there is none. */
export interface Response {
  /** 0 if there was no response. */
  readonly status: number;
  /** Parsed JSON; null if the body is not JSON. */
  readonly body: unknown;
  /** From the header `Retry-After`. */
  readonly retryAfterSeconds: number | null;
  /** The network error if there was no response, for example ECONNREFUSED or TIMEOUT. */
  readonly failure: string | null;
}

const TIMEOUT_MS = 30_000;
const compressed = promisify(gzip);

/** A registry that receives messages, and a pool of persistent connections to it. */
export class Endpoint {
  private readonly agent: Agent;
  private readonly request: typeof requestHttp;
  private readonly url: URL;

  /** @param connections maximum number of open connections */
  constructor(
    url: string,
    private readonly token: string,
    connections: number,
  ) {
    this.url = new URL(url);
    const secure = this.url.protocol === 'https:';
    this.agent = new (secure ? SecureAgent : Agent)({
      keepAlive: true,
      maxSockets: connections,
      scheduling: 'fifo',
    });
    this.request = secure ? (requestHttps as typeof requestHttp) : requestHttp;
  }

  /** Sends JSON text, compressed if requested. A network error is returned, not thrown. */
  async post(path: string, json: string, compress: boolean): Promise<Response> {
    const body = compress ? await compressed(json, { level: 1 }) : Buffer.from(json);
    return new Promise((resolve) => {
      const fail = (failure: string) => resolve({ status: 0, body: null, retryAfterSeconds: null, failure });
      const request = this.request(
        {
          agent: this.agent,
          protocol: this.url.protocol,
          hostname: this.url.hostname.replace(/^\[|\]$/g, ''),
          port: this.url.port,
          path: this.url.pathname.replace(/\/$/, '') + path,
          method: 'POST',
          timeout: TIMEOUT_MS,
          headers: {
            'content-type': 'application/json',
            'content-length': body.length,
            authorization: `Bearer ${this.token}`,
            ...(compress ? { 'content-encoding': 'gzip' } : {}),
          },
        },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
          response.on('end', () => {
            const body = parse(Buffer.concat(parts).toString('utf8'));
            const retryAfterSeconds = secondsOf(response.headers['retry-after']);
            resolve({ status: response.statusCode ?? 0, body, retryAfterSeconds, failure: null });
          });
        },
      );
      const timeout = () =>
        Object.assign(new Error(`no response within ${TIMEOUT_MS} ms`), { code: 'TIMEOUT' });
      request.on('timeout', () => request.destroy(timeout()));
      request.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
      request.end(body);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Reads both forms of `Retry-After` (RFC 9110, section 10.2.3): seconds and a date. */
function secondsOf(header: string | undefined): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
