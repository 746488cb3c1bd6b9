import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { contentDigest, Heartbeat, Report } from '@klpreg/wire';

/** A document that came, and how. */
export interface Received {
  readonly at: number;
  readonly path: string;
  readonly document: Report | Heartbeat;
}

export interface Play {
  /** Says something else than the registry would; null: what the registry would say. */
  reply: (path: string, headers: IncomingHttpHeaders) => { readonly status: number; readonly headers?: Record<string, string> } | null;
  intervalSeconds: number;
}

const refuse = (code: string, status: number) => ({ status, code, detail: code });

/** Plays the registry: keeps the last report of each instance, and answers heartbeats by it, in order of their sequences. */
export async function openRegistry() {
  const received: Received[] = [];
  const published: string[] = [];
  const known = new Map<string, { sequence: number; digest: string; bootId: string }>();
  const play: Play = { reply: () => null, intervalSeconds: 60 };

  const receive = (path: string, value: unknown): object => {
    const document = (path.includes('report') ? Report : Heartbeat).safeParse(value).data;
    if (document === undefined) return refuse('BAD_USER_INPUT', 400);
    if ('host' in document && contentDigest(value as Record<string, unknown>) !== document.digest) return refuse('BAD_USER_INPUT', 400);
    received.push({ at: Date.now(), path, document });
    const [instance, bootId] = 'host' in document ? [document.host.instance, document.host.bootId] : [document.instance, document.bootId];
    const before = known.get(instance);
    const answer = (outcome: string) => ({ outcome, intervalSeconds: play.intervalSeconds });
    if (before !== undefined && before.sequence > document.sequence) return answer('SUPERSEDED');
    const same = before?.digest === document.digest && before.bootId === bootId;
    if (!('host' in document) && !same) return answer('REPORT_WANTED');
    known.set(instance, { sequence: document.sequence, digest: document.digest, bootId });
    return answer('host' in document ? (same ? 'UNCHANGED' : 'STORED') : 'CONFIRMED');
  };

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const path = request.url ?? '';
      const said = play.reply(path, request.headers);
      if (said !== null) return void response.writeHead(said.status, said.headers).end('{}');
      const bytes = Buffer.concat(parts);
      const answer = (body: object, status = 200) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      if (request.method === 'GET') return void answer({ status: 'ok' });
      if (request.method === 'PUT') return void answer({ outcome: published.push(path) > 0 ? 'PUBLISHED' : '' });
      const body: unknown = JSON.parse((request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString());
      if (path.endsWith(':batch')) return void answer({ results: (body as unknown[]).map((one) => receive(path, one)) });
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
    play,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
