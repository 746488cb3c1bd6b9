import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the tests look at in a document that came over the wire; whether it is one, its schema says. */
interface Sent {
  readonly schema: string;
  readonly sequence: number;
  readonly digest: string;
  readonly instance?: string;
  readonly host?: { readonly instance: string };
  readonly clock: { readonly wall: string; readonly observedMs: number; readonly sentMs: number };
  readonly watchedSinceMs?: number;
  readonly transition?: { readonly since: string | null } | null;
}

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly document: Sent;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** Milliseconds before the answer. */
  readonly after?: number;
}

/**
 * Plays the registry: takes what is sent, and answers by `reply`;
 * without one, as a registry that has seen everything before.
 */
export async function openRegistry() {
  const received: Received[] = [];
  const known = new Map<string, string>();
  const timers = new Set<NodeJS.Timeout>();
  const play: { reply: (request: Received) => Reply | null } = { reply: () => null };

  const answer = ({ document }: Received): Reply => {
    const instance = document.instance ?? document.host?.instance ?? '';
    const before = known.get(instance);
    if (document.schema === 'heartbeat/v1') {
      const confirmed = before === document.digest;
      return {
        body: {
          outcome: confirmed ? 'CONFIRMED' : 'REPORT_WANTED',
          reason: confirmed ? null : 'unknown digest',
          intervalSeconds: 60,
        },
      };
    }
    known.set(instance, document.digest);
    return {
      body: {
        outcome: before === document.digest ? 'UNCHANGED' : 'STORED',
        host: instance,
        intervalSeconds: 60,
      },
    };
  };

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const got: Received = {
        path: request.url ?? '',
        headers: request.headers,
        document: JSON.parse(Buffer.concat(parts).toString()) as Sent,
      };
      received.push(got);
      const { status = 200, headers = {}, body, after = 0 } = play.reply(got) ?? answer(got);
      const timer = setTimeout(
        () =>
          response
            .writeHead(status, { 'content-type': 'application/json', ...headers })
            .end(typeof body === 'string' ? body : JSON.stringify(body)),
        after,
      );
      timers.add(timer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    play,
    close: () =>
      new Promise<void>((resolve) => {
        for (const timer of timers) clearTimeout(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
