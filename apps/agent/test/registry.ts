import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // as it came over the wire: the tests look at single fields
  readonly document: Record<string, any>;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** Milliseconds before the answer. */
  readonly after?: number;
}

/** Plays the registry: takes what is sent, and answers by `reply`; without one, as a registry that has seen everything before. */
export async function openRegistry() {
  const received: Received[] = [];
  const known = new Map<string, string>();
  const play: { reply: (request: Received) => Reply | null } = { reply: () => null };

  const answer = ({ document }: Received): Reply => {
    const instance: string = document['instance'] ?? document['host'].instance;
    const before = known.get(instance);
    if (document['schema'] === 'heartbeat/v1') {
      const confirmed = before === document['digest'];
      return { body: { outcome: confirmed ? 'CONFIRMED' : 'REPORT_WANTED', reason: confirmed ? null : 'unknown digest', intervalSeconds: 60 } };
    }
    known.set(instance, document['digest']);
    return { body: { outcome: before === document['digest'] ? 'UNCHANGED' : 'STORED', host: instance, intervalSeconds: 60 } };
  };

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const got: Received = { path: request.url ?? '', headers: request.headers, document: JSON.parse(Buffer.concat(parts).toString()) as Record<string, any> };
      received.push(got);
      const { status = 200, headers = {}, body, after = 0 } = play.reply(got) ?? answer(got);
      setTimeout(() => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body)), after);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    play,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
