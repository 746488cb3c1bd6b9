import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../fleet/fleet.js';
import { backoff } from './backoff.js';
import type { Counters } from './counters.js';
import type { Endpoint } from './endpoint.js';
import { type Message, type Reply, sendMessages } from './send.js';
import { sequenceAt } from './sequence.js';

export interface BulkLoad {
  readonly fleet: Fleet;
  readonly endpoint: Endpoint;
  readonly counters: Counters;
  readonly connections: number;
  /** Reports in a request. */
  readonly batch: number;
  /** Stops the load. */
  readonly signal: AbortSignal;
}

/** Sends one report of each host, in batches. Reports that the registry did not process are sent again. */
export async function load({
  fleet,
  endpoint,
  counters,
  connections,
  batch,
  signal,
}: BulkLoad): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const sender = async () => {
    while (next < fleet.hosts && !signal.aborted && failures.length === 0) {
      const from = next;
      next = Math.min(fleet.hosts, from + batch);
      const now = Date.now();
      const reportOf = (host: number): Message => ({
        host,
        kind: 'report',
        at: now,
        sequence: sequenceAt(now),
      });
      let messages = Array.from({ length: next - from }, (_, index) => reportOf(from + index));
      for (let tries = 0; messages.length > 0 && !signal.aborted; tries++) {
        const replies = await sendMessages(endpoint, fleet, messages, true, counters);
        messages = countReplies(replies, counters);
        if (messages.length === 0) break;
        counters.retried += messages.length;
        const retryAfter = Math.max(0, ...replies.map((reply) => reply.retryAfterSeconds ?? 0));
        await sleep(backoff(tries, retryAfter, Math.random()), undefined, { signal }).catch(() => undefined);
      }
    }
  };
  // after a failure the other senders complete their batches
  await Promise.all(
    Array.from({ length: connections }, () => sender().catch((error: unknown) => failures.push(error))),
  );
  if (failures.length > 0) throw failures[0];
}

/** @returns the messages to send again */
function countReplies(replies: readonly Reply[], counters: Counters): Message[] {
  for (const { result, code } of replies) {
    if (result === 'RETRY') counters.increment(counters.errors, code);
    else counters.documents++;
    if (result === 'REJECTED' || code === 'SUPERSEDED') counters.increment(counters.refused, code);
    if (result === 'ACCEPTED') {
      counters.loaded++;
      counters.increment(counters.outcomes, code);
    }
  }
  return replies.filter((reply) => reply.result === 'RETRY').map((reply) => reply.message);
}
