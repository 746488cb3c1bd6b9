import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { contentDigest, Heartbeat, Report } from '@klpreg/wire';

/** A message that the test registry received. */
export interface Received {
  readonly at: number;
  readonly path: string;
  readonly message: Report | Heartbeat;
}

interface Override {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

export interface Behaviour {
  /** Replaces the response to a request; null keeps it. */
  override: (path: string, headers: IncomingHttpHeaders) => Override | null;
  intervalSeconds: number;
}

const problem = (code: string, status: number) => ({ status, code, detail: code });

/** Starts an HTTP server that keeps the last message of each instance and replies as the registry does. */
export async function startRegistry() {
  const received: Received[] = [];
  const published: string[] = [];
  const known = new Map<string, { sequence: number; digest: string; bootId: string }>();
  const behaviour: Behaviour = { override: () => null, intervalSeconds: 60 };

  const receive = (path: string, value: unknown): object => {
    const message = (path.includes('report') ? Report : Heartbeat).safeParse(value).data;
    if (message === undefined) return problem('BAD_USER_INPUT', 400);
    const isReport = 'host' in message;
    if (isReport && contentDigest(value as Record<string, unknown>) !== message.digest)
      return problem('BAD_USER_INPUT', 400);
    received.push({ at: Date.now(), path, message });
    const [instance, bootId] =
      'host' in message ? [message.host.instance, message.host.bootId] : [message.instance, message.bootId];
    const before = known.get(instance);
    const answer = (outcome: string) => ({ outcome, intervalSeconds: behaviour.intervalSeconds });
    if (before !== undefined && before.sequence > message.sequence) return answer('SUPERSEDED');
    const same = before?.digest === message.digest && before.bootId === bootId;
    if (!('host' in message) && !same) return answer('REPORT_WANTED');
    known.set(instance, { sequence: message.sequence, digest: message.digest, bootId });
    return answer('host' in message ? (same ? 'UNCHANGED' : 'STORED') : 'CONFIRMED');
  };

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const path = request.url ?? '';
      const override = behaviour.override(path, request.headers);
      if (override !== null) return void response.writeHead(override.status, override.headers).end('{}');
      const bytes = Buffer.concat(parts);
      const answer = (body: object, status = 200) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      if (request.method === 'GET') return void answer({ status: 'ok' });
      if (request.method === 'PUT')
        return void answer({ outcome: published.push(path) > 0 ? 'PUBLISHED' : '' });
      const body: unknown = JSON.parse(
        (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString(),
      );
      if (path.endsWith(':batch'))
        return void answer({ results: (body as unknown[]).map((one) => receive(path, one)) });
      const one = receive(path, body);
      return void answer(one, 'status' in one ? Number(one.status) : 200);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    published,
    known,
    behaviour,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
