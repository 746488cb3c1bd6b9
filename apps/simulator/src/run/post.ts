import { Agent, request as requestHttp } from 'node:http';
import { Agent as SecureAgent, request as requestHttps } from 'node:https';
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';

/** What came back, or why nothing did. */
export interface Answer {
  /** 0: there was no answer. */
  readonly status: number;
  readonly body: unknown;
  /** What `Retry-After` asked for. */
  readonly afterSeconds: number | null;
  /** The network's own word where there was no answer: ECONNREFUSED, TIMEOUT. */
  readonly failure: string | null;
}

const TIMEOUT_MS = 30_000;
const packed = promisify(gzip);

/** Connections to one registry that stay open, as many as are allowed at once. */
export class Road {
  private readonly agent: Agent;
  private readonly request: typeof requestHttp;
  private readonly url: URL;

  constructor(
    url: string,
    private readonly token: string,
    connections: number,
  ) {
    this.url = new URL(url);
    const secure = this.url.protocol === 'https:';
    this.agent = new (secure ? SecureAgent : Agent)({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
    this.request = secure ? (requestHttps as typeof requestHttp) : requestHttp;
  }

  /** Sends a document that is JSON already; several at once go compressed. Never throws: a failure is an answer. */
  async post(path: string, json: string, compress: boolean): Promise<Answer> {
    const body = compress ? await packed(json, { level: 1 }) : Buffer.from(json);
    return new Promise((resolve) => {
      const fail = (failure: string) => resolve({ status: 0, body: null, afterSeconds: null, failure });
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
            resolve({ status: response.statusCode ?? 0, body, afterSeconds: secondsOf(response.headers['retry-after']), failure: null });
          });
        },
      );
      request.on('timeout', () => request.destroy(Object.assign(new Error('no answer in time'), { code: 'TIMEOUT' })));
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

/** Both forms of RFC 9110: seconds, or an instant. */
function secondsOf(header: string | undefined): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1000));
}
