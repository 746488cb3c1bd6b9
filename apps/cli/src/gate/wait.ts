import { clean } from '../show/clean.js';
import type { Environment } from '../environment.js';

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

/** One try: what it brought, and why waiting may still change that; null: it will not. */
export interface Try<T> {
  readonly result: T;
  readonly unsettled: string | null;
}

/**
 * Tries until it is settled, or the time is up.
 *
 * @param mayRecover is this error one that waiting may cure?
 * @returns what the last try brought; there is always a first one, and one when the time is up
 */
export async function waitUntilDecided<T>(
  attempt: () => Promise<Try<T>>,
  mayRecover: (error: unknown) => boolean,
  forSeconds: number,
  environment: Environment,
): Promise<T> {
  const end = environment.now() + forSeconds * 1000;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    let unsettled: string | null;
    try {
      const tried = await attempt();
      if (tried.unsettled === null || environment.now() >= end) return tried.result;
      unsettled = tried.unsettled;
    } catch (error) {
      if (!mayRecover(error) || environment.now() >= end) throw error;
      unsettled = (error as Error).message;
    }
    const left = end - environment.now();
    const rest = Math.max(0, Math.min(pause, left));
    environment.stderr.write(`${clean(unsettled)}; asking again in ${Math.ceil(rest / 1000)} s (${Math.ceil(left / 1000)} s left)\n`);
    await environment.sleep(rest);
  }
}
