import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.js';
import { tell, type Round } from '../round.js';
import { TryLater } from '../send/post.js';
import type { Settings } from '../settings.js';

/** Seconds. What the registry asks for is taken within these. */
const SHORTEST = 1;
const LONGEST = 86_400;
/** A registry that asks for more is asked again anyway: it may have meant something else. */
const LONGEST_WAIT = 3_600;

/**
 * How long until the next round?
 *
 * Half of the interval and up to half of it more, so that hosts that started together drift apart, and none is later than the registry expects.
 *
 * @returns seconds
 */
export const pause = (interval: number, random: () => number = Math.random): number => (interval / 2) * (1 + random());

/**
 * Tells the registry again and again, until the signal.
 *
 * A round that fails is said and tried again in the next one; only what no round can mend (a bad configuration) ends it.
 *
 * @param say one line for each round
 */
export async function run(settings: Settings, signal: AbortSignal, say: (round: Round) => void, warn: (text: string) => void): Promise<void> {
  let { interval } = settings;
  while (!signal.aborted) {
    let wait = pause(interval);
    try {
      const round = await tell(settings, 'due', warn, signal);
      say(round);
      const asked = round.delivered.at(-1)?.answer.intervalSeconds ?? interval;
      if (asked !== interval) {
        interval = Math.min(LONGEST, Math.max(SHORTEST, asked));
        wait = pause(interval);
      }
    } catch (error) {
      if (!(error instanceof Failure) || error.code === 'USAGE') throw error;
      warn(error.message);
      if (error instanceof TryLater) wait = Math.max(wait, Math.min(LONGEST_WAIT, error.afterSeconds ?? 0));
    }
    await sleep(wait * 1_000, undefined, { signal }).catch(() => undefined);
  }
}
