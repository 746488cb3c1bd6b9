import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.js';
import { reportOnce, type Cycle } from '../cycle.js';
import { RetryableError } from '../send/send-once.js';
import type { Settings } from '../settings.js';

/** The bounds of the interval that the registry asks for, in seconds. */
const MIN_INTERVAL = 1;
const MAX_INTERVAL = 86_400;
/** The longest wait that the registry can ask for, in seconds. */
const MAX_WAIT = 3_600;

/**
 * Returns the seconds until the next cycle: between half of the interval and the whole.
 *
 * The random part spreads hosts that started together. No host is later than the registry expects.
 */
export const pause = (interval: number, random: () => number = Math.random): number =>
  (interval / 2) * (1 + random());

/**
 * Reports in cycles until the signal.
 *
 * A cycle that fails is logged, and the next one tries again. Only a configuration error ends the loop.
 *
 * @param onCycle is called after each successful cycle
 */
export async function run(
  settings: Settings,
  signal: AbortSignal,
  onCycle: (cycle: Cycle) => void,
  warn: (text: string) => void,
): Promise<void> {
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
      if (error instanceof RetryableError)
        wait = Math.max(wait, Math.min(MAX_WAIT, error.retryAfterSeconds ?? 0));
    }
    await sleep(wait * 1_000, undefined, { signal }).catch(() => undefined);
  }
}
