/** As the agent's own: at most a second at first, twice as long each time, up to half a minute. */
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** How long until the next try? Full jitter, on top of what the registry asked for. @param turn 0 after the first failure */
export const backoff = (turn: number, askedSeconds: number | null, random: number): number =>
  (askedSeconds ?? 0) * 1_000 + random * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(turn, 10));
