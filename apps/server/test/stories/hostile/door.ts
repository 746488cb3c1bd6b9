import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { sha256 } from '@klpreg/wire';
import { Database } from '../../../src/database/database.js';
import { Registry } from '../../registry.js';
import type { Sent } from './stream.js';

/** A refusal or an outcome, as it came. */
export interface Told {
  readonly outcome?: string;
  readonly reason?: string | null;
  readonly type?: string;
  readonly status?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string; readonly found: string }[];
  readonly results?: readonly Told[];
}

export interface Answer {
  readonly status: number;
  readonly body: Told;
  readonly bytes: number;
  readonly headers: IncomingHttpHeaders;
}

const TOKEN = 'the-token-of-the-hostile';

/** A registry that listens: documents come over real connections. */
export class Door {
  private readonly agent: Agent;

  private constructor(
    readonly registry: Registry,
    private readonly port: number,
    connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  static async open(connections = 8): Promise<Door> {
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
    return new Door(registry, Number(new URL(await registry.app.getUrl()).port), connections);
  }

  async close(): Promise<void> {
    this.agent.destroy();
    await this.registry.stop();
  }

  /** @throws where there is no answer within 20 seconds */
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
            const body = JSON.parse(bytes.toString('utf8') || 'null') as Told;
            resolve({ status: response.statusCode!, body, bytes: bytes.length, headers: response.headers });
          });
        },
      );
      sending.on('timeout', () => sending.destroy(new Error('no answer within 20 s')));
      sending.on('error', reject);
      sending.end(body);
    });
  }

  /** Each document's own answer, in their order. */
  async batch(door: Sent['door'], texts: readonly string[]): Promise<readonly Told[]> {
    const { status, body } = await this.send(`/v1/${door}:batch`, `[${texts.join(',')}]`);
    if (status !== 200)
      throw new Error(`the batch was answered by ${status} ${JSON.stringify(body).slice(0, 500)}`);
    return body.results!;
  }
}
