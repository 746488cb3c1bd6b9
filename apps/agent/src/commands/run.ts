import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.js';
import { reportOnce, type Cycle } from '../cycle.js';
import { RetryableError } from '../send/send-once.js';
import type { Settings } from '../settings.js';

/** Seconds. What the registry asks for is taken within these. */
const MIN_INTERVAL = 1;
const MAX_INTERVAL = 86_400;
/** A registry that asks for more is asked again anyway: it may have meant something else. */
const MAX_WAIT = 3_600;

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
export async function run(settings: Settings, signal: AbortSignal, onCycle: (cycle: Cycle) => void, warn: (text: string) => void): Promise<void> {
  let { interval } = settings;
  while (!signal.aborted) {
    let wait = pause(interval);
    try {
      const cycle = await reportOnce(settings, 'due', warn, signal);
      onCycle(cycle);
      const asked = cycle.delivered.at(-1)?.answer.intervalSeconds ?? interval;
      if (asked !== interval) {
        interval = Math.min(MAX_INTERVAL, Math.max(MIN_INTERVAL, asked));
        wait = pause(interval);
      }
    } catch (error) {
      if (!(error instanceof Failure) || error.code === 'USAGE') throw error;
      warn(error.message);
      if (error instanceof RetryableError) wait = Math.max(wait, Math.min(MAX_WAIT, error.retryAfterSeconds ?? 0));
    }
    await sleep(wait * 1_000, undefined, { signal }).catch(() => undefined);
  }
}
