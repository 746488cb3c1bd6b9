import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../fleet/fleet.js';
import { backoff } from './backoff.js';
import { deliver, type Letter, type Reply } from './deliver.js';
import type { Road } from './post.js';
import type { Tally } from './tally.js';

/** How the fleet is loaded. */
export interface Loading {
  readonly fleet: Fleet;
  readonly road: Road;
  readonly tally: Tally;
  readonly connections: number;
  /** Reports in a request. */
  readonly batch: number;
  readonly signal: AbortSignal;
}

/**
 * Makes every host known, by its report: the bulk path.
 *
 * Relays send them, several at once; what the registry has no room for is sent again, and no host is left out. Ended early by the signal.
 */
export async function load({ fleet, road, tally, connections, batch, signal }: Loading): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const relay = async () => {
    while (next < fleet.hosts && !signal.aborted && failures.length === 0) {
      const from = next;
      next = Math.min(fleet.hosts, from + batch);
      const now = Date.now();
      let letters = Array.from({ length: next - from }, (_, at): Letter => ({ host: from + at, kind: 'report', at: now, sequence: now }));
      for (let turn = 0; letters.length > 0 && !signal.aborted; turn++) {
        const replies = await deliver(road, fleet, letters, true, tally);
        letters = count(replies, tally);
        if (letters.length === 0) break;
        tally.retried += letters.length;
        const asked = Math.max(0, ...replies.map((reply) => reply.afterSeconds ?? 0));
        await sleep(backoff(turn, asked, Math.random()), undefined, { signal }).catch(() => undefined);
      }
    }
  };
  // the others end what they have begun
  await Promise.all(Array.from({ length: connections }, () => relay().catch((error: unknown) => failures.push(error))));
  if (failures.length > 0) throw failures[0];
}

/** @returns what has to be sent again */
function count(replies: readonly Reply[], tally: Tally): Letter[] {
  for (const { result, word } of replies) {
    if (result === 'LATER') tally.add(tally.errors, word);
    else tally.documents++;
    if (result === 'REFUSED' || word === 'SUPERSEDED') tally.add(tally.refused, word);
    if (result === 'TAKEN') {
      tally.loaded++;
      tally.add(tally.outcomes, word);
    }
  }
  return replies.filter((reply) => reply.result === 'LATER').map((reply) => reply.letter);
}
