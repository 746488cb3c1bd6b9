import { clean } from '../show/clean.js';
import type { Environment } from '../environment.js';

const FIRST_PAUSE_MS = 2_000;
const MAX_PAUSE_MS = 30_000;

/** The result of one attempt, and why waiting may change it. Null: it will not. */
export interface Attempt<T> {
  readonly result: T;
  readonly undecided: string | null;
}

/**
 * Repeats an attempt until its result is decided or the time is up.
 *
 * @param mayRecover returns true for an error that may go away with time
 * @returns the last result; there is at least one attempt, and a last one when the time is up
 */
export async function waitUntilDecided<T>(
  attempt: () => Promise<Attempt<T>>,
  mayRecover: (error: unknown) => boolean,
  forSeconds: number,
  environment: Environment,
): Promise<T> {
  const end = environment.now() + forSeconds * 1000;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, MAX_PAUSE_MS)) {
    let undecided: string | null;
    try {
      const tried = await attempt();
      if (tried.undecided === null || environment.now() >= end) return tried.result;
      undecided = tried.undecided;
    } catch (error) {
      if (!mayRecover(error) || environment.now() >= end) throw error;
      undecided = (error as Error).message;
    }
    const left = end - environment.now();
    const rest = Math.max(0, Math.min(pause, left));
    environment.stderr.write(
      `${clean(undecided)}; asking again in ${Math.ceil(rest / 1000)} s (${Math.ceil(left / 1000)} s left)\n`,
    );
    await environment.sleep(rest);
  }
}
