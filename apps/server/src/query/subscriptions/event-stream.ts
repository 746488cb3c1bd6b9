import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Results } from './open-subscriptions.js';

/** How often something is sent, so that proxies keep the connection. */
const KEEP_ALIVE_MS = 15_000;
/** How long a reader may take to read what is buffered for it. */
const PATIENCE_MS = 10_000;

/**
 * Answers with server-sent events, one `next` for each result and `complete` at the end (the distinct
 * connections mode of graphql-sse).
 */
export async function sendEvents(reply: FastifyReply, results: Results): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  // it may have left while the subscription began: then no `close` comes any more
  if (raw.destroyed) return void (await results.return());
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  raw.write(':\n\n');
  const keepAlive = setInterval(() => raw.write(':\n\n'), KEEP_ALIVE_MS).unref();
  raw.once('close', () => void results.return());
  try {
    for await (const result of results)
      if (!(await isSent(raw, `event: next\ndata: ${JSON.stringify(result)}\n\n`))) return void raw.destroy();
    raw.end('event: complete\ndata:\n\n');
  } finally {
    clearInterval(keepAlive);
  }
}

/** Sends a text. False: the reader left, or reads too slowly. */
async function isSent(raw: ServerResponse, text: string): Promise<boolean> {
  if (raw.write(text)) return true;
  try {
    await once(raw, 'drain', { signal: AbortSignal.timeout(PATIENCE_MS) });
    return true;
  } catch {
    return false;
  }
}
