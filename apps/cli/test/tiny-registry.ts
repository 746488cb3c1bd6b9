import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One received request. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Of a GraphQL request. */
  readonly variables: Record<string, unknown>;
  readonly operation: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Text is sent as it is, anything else as JSON. */
  readonly body: unknown;
}

/** An HTTP server that answers as the test defines. */
export class TinyRegistry {
  readonly requests: ReceivedRequest[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(
    answer: (request: ReceivedRequest, nth: number) => Reply | 'hang up',
  ): Promise<TinyRegistry> {
    const registry: { it?: TinyRegistry } = {};
    const server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const request = readRequest(incoming, Buffer.concat(chunks).toString('latin1'));
        registry.it!.requests.push(request);
        const reply = answer(request, registry.it!.requests.length);
        if (reply === 'hang up') return void incoming.socket.destroy();
        response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
        response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    registry.it = new TinyRegistry(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return registry.it;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function readRequest(request: IncomingMessage, body: string): ReceivedRequest {
  const asked =
    request.url === '/graphql'
      ? (JSON.parse(body) as { variables: Record<string, unknown>; operationName: string })
      : null;
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body,
    variables: asked?.variables ?? {},
    operation: asked?.operationName ?? '',
  };
}
