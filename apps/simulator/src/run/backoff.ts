/**
 * The agent's values: the first pause is at most one second, each further one twice as long, up to 30
 * seconds.
 */
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * Returns the pause before the next try in milliseconds: exponential backoff with full jitter, after
 * `Retry-After`.
 *
 * @param failures earlier failures of the message after the first one
 * @param random a number from 0 to 1
 */
export const backoff = (failures: number, retryAfterSeconds: number | null, random: number): number =>
  (retryAfterSeconds ?? 0) * 1_000 + random * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
