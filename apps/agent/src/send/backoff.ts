/** The limit of the first pause. Each next limit is twice as high, up to the maximum. */
const FIRST_MS = 1_000;
const MAX_MS = 30_000;

/**
 * Returns the milliseconds until the next attempt: exponential backoff with full jitter, after `Retry-After`.
 *
 * The jitter spreads a fleet that lost its registry.
 *
 * @param attempt 0 after the first failure
 * @param askedSeconds from `Retry-After`
 */
export function backoff(
  attempt: number,
  askedSeconds: number | null,
  random: () => number = Math.random,
): number {
  const jitter = random() * Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return (askedSeconds ?? 0) * 1_000 + jitter;
}
