import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { sha256 } from '@klpreg/wire';
import { Database } from '../../../src/database/database.js';
import { Registry } from '../../registry.js';
import type { SentMessage } from './valid-stream.js';

/** The body of an answer: a problem, an outcome, or the results of a batch. */
export interface ResultBody {
  readonly outcome?: string;
  readonly reason?: string | null;
  readonly type?: string;
  readonly status?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string; readonly found: string }[];
  readonly results?: readonly ResultBody[];
}

export interface Answer {
  readonly status: number;
  readonly body: ResultBody;
  readonly bytes: number;
  readonly headers: IncomingHttpHeaders;
}

const TOKEN = 'the-token-of-the-hostile';

/** A registry that listens, so that requests come over real connections. */
export class ListeningRegistry {
  private readonly agent: Agent;

  private constructor(
    readonly registry: Registry,
    private readonly port: number,
    connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  static async open(connections = 8): Promise<ListeningRegistry> {
    const registry = await Registry.start();
    const token = {
      id: '0190e000-0000-7000-8000-000000000001',
      hash: sha256(TOKEN),
      role: 'admin' as const,
      name: 'hostile',
      createdAt: registry.now(),
    };
    await registry.app.get(Database).token.create({ data: token });
    await registry.app.listen(0, '127.0.0.1');
    return new ListeningRegistry(registry, Number(new URL(await registry.app.getUrl()).port), connections);
  }

  async close(): Promise<void> {
    this.agent.destroy();
    await this.registry.stop();
  }

  /** @throws without an answer within 20 seconds */
  async send(
    path: string,
    body: string | Buffer,
    extra: Record<string, string> = {},
    method = 'POST',
  ): Promise<Answer> {
    const headers = {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...extra,
    };
    return new Promise((resolve, reject) => {
      const sending = request(
        { port: this.port, host: '127.0.0.1', path, method, agent: this.agent, timeout: 20_000, headers },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const bytes = Buffer.concat(chunks);
            const body = JSON.parse(bytes.toString('utf8') || 'null') as ResultBody;
            resolve({ status: response.statusCode!, body, bytes: bytes.length, headers: response.headers });
          });
        },
      );
      sending.on('timeout', () => sending.destroy(new Error('no answer within 20 s')));
      sending.on('error', reject);
      sending.end(body);
    });
  }

  /** Sends a batch. @returns the result of each message, in order */
  async batch(kind: SentMessage['kind'], texts: readonly string[]): Promise<readonly ResultBody[]> {
    const { status, body } = await this.send(`/v1/${kind}:batch`, `[${texts.join(',')}]`);
    if (status !== 200)
      throw new Error(`the batch was answered ${status} ${JSON.stringify(body).slice(0, 500)}`);
    return body.results!;
  }
}
