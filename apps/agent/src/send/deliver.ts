import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from '@klpreg/wire';
import { monotonicMs } from '../clock.js';
import { Failure } from '../failure.js';
import { keepAcknowledged } from '../keep/memory.js';
import { dequeue, refuse, waiting, type Letter } from '../keep/spool.js';
import type { Answer } from './answer.js';
import { backoff } from './backoff.js';
import { post, TryLater } from './post.js';

export interface Road {
  readonly url: string;
  readonly token: string | null;
  /** `STATE/instances/INSTANCE` */
  readonly home: string;
  readonly bootId: string;
  /** On the monotonic clock: when to stop trying. */
  readonly untilMs: number;
  /** What is tried just before that has so long nevertheless: to give it up at once would be work for nothing, on both sides. */
  readonly shortestTryMs: number;
  readonly warn: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A letter, and what the registry said to it. */
export interface Delivered {
  readonly letter: Letter;
  readonly answer: Answer;
}

const LONGEST_TRY_MS = 15_000;
const DOORS = { report: '/v1/reports', heartbeat: '/v1/heartbeats' } as const;

/**
 * The document as it leaves now.
 *
 * Observing and sending are on one clock only within one boot. For a letter of an earlier boot the wall clock says how long it lay, because nothing else does.
 */
function stamped({ document }: Letter, bootId: string): Letter['document'] {
  const ofThisBoot = ('host' in document ? document.host.bootId : document.bootId) === bootId;
  const lay = Math.max(0, Date.now() - Date.parse(document.clock.wall));
  const sentMs = ofThisBoot ? Math.max(monotonicMs(), document.clock.observedMs) : document.clock.observedMs + lay;
  return { ...document, clock: { ...document.clock, sentMs } };
}

/** Tries one letter until it is answered or the time is up. */
async function send(road: Road, letter: Letter): Promise<Answer> {
  for (let turn = 0; ; turn += 1) {
    const timeoutMs = Math.min(LONGEST_TRY_MS, Math.max(road.shortestTryMs, road.untilMs - monotonicMs()));
    try {
      return await post(road.url + DOORS[letter.kind], road.token, stamped(letter, road.bootId), timeoutMs, road.signal);
    } catch (error) {
      if (!(error instanceof TryLater)) throw error;
      const pause = backoff(turn, error.afterSeconds);
      if (monotonicMs() + pause > road.untilMs || road.signal?.aborted) throw error;
      await sleep(pause, undefined, { signal: road.signal }).catch(() => {
        throw error;
      });
    }
  }
}

/** What the registry has taken is taken, also if there is no room to remember it: then the next document is a report again. */
function remember({ home, warn }: Road, { sequence, digest, host }: Report): void {
  try {
    keepAcknowledged(home, { sequence, digest, bootId: host.bootId });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    warn(error.message);
  }
}

/**
 * Sends everything that waits, oldest first.
 *
 * A letter leaves the spool when the registry has it (2xx means durably) or will never take it. What cannot be sent now stays, and what is behind it as well.
 *
 * @returns what was answered, in this order
 * @throws Failure UNREACHABLE or UNAUTHORISED: the rest still waits; REFUSED: the last letter was not taken
 */
export async function deliver(road: Road): Promise<Delivered[]> {
  const letters = waiting(road.home, road.warn);
  const delivered: Delivered[] = [];
  for (const [index, letter] of letters.entries()) {
    try {
      if (index > 0 && monotonicMs() > road.untilMs) throw new Failure('UNREACHABLE', `${road.url}: the time was up before everything was sent`);
      const answer = await send(road, letter);
      dequeue(road.home, letter);
      if (letter.kind === 'report' && answer.outcome !== 'SUPERSEDED') {
        remember(road, letter.document);
      }
      delivered.push({ letter, answer });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code !== 'REFUSED') {
        road.warn(`${letters.length - index} ${letters.length - index === 1 ? 'document waits' : 'documents wait'} in ${road.home}`);
        throw error;
      }
      refuse(road.home, letter);
      if (index === letters.length - 1) throw error;
      road.warn(error.message);
    }
  }
  return delivered;
}
