/** The first pause is at most one second; each next may be twice as long, up to half a minute. */
const FIRST_MS = 1_000;
const MAX_MS = 30_000;

/**
 * How long until the next try?
 *
 * Full jitter: anything from nothing to twice the last limit, so that a fleet that lost its registry does not come back at once. What the registry asked for is the least.
 *
 * @param turn 0 after the first failure
 * @param askedSeconds from `Retry-After`
 * @returns milliseconds
 */
export function backoff(attempt: number, askedSeconds: number | null, random: () => number = Math.random): number {
  const jitter = random() * Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return (askedSeconds ?? 0) * 1_000 + jitter;
}
