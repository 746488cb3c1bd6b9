import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { SubscriptionLimits } from '../../subscription-limits.js';
import { TooSlow } from './event-queue.js';
import type { Results } from './open-subscriptions.js';

/**
 * Answers with server-sent events, one `next` for each result and `complete` at the end (the distinct
 * connections mode of graphql-sse).
 */
export async function sendEvents(
  reply: FastifyReply,
  results: Results,
  { keepAliveSeconds, patienceSeconds }: Pick<SubscriptionLimits, 'keepAliveSeconds' | 'patienceSeconds'>,
): Promise<void> {
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
  const keepAlive = setInterval(() => raw.write(':\n\n'), keepAliveSeconds * 1000).unref();
  const left = new AbortController();
  raw.once('close', () => {
    left.abort();
    void results.return();
  });
  try {
    for await (const result of results) {
      const over = AbortSignal.any([left.signal, AbortSignal.timeout(patienceSeconds * 1000)]);
      if (await isSent(raw, `event: next\ndata: ${JSON.stringify(result)}\n\n`, over)) continue;
      if (!left.signal.aborted) await results.throw(new TooSlow(`${patienceSeconds} s behind`));
      return void raw.destroy();
    }
    raw.end('event: complete\ndata:\n\n');
  } finally {
    clearInterval(keepAlive);
  }
}

/** Sends a text. False: the reader left, or reads too slowly. */
async function isSent(raw: ServerResponse, text: string, over: AbortSignal): Promise<boolean> {
  if (raw.write(text)) return true;
  try {
    await once(raw, 'drain', { signal: over });
    return true;
  } catch {
    return false;
  }
}
