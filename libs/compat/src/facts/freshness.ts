import type { Freshness } from './situation.js';

/**
 * Maximum age of the last confirmation in heartbeat intervals: up to the first `FRESH`, up to the second
 * `LATE`.
 */
const FRESH_INTERVALS = 2.5;
const LATE_INTERVALS = 5;
const LOST_AFTER_SECONDS = 24 * 60 * 60;

/** The maximum age of each level in seconds, for stores that sort many hosts at once. */
export const freshnessLimits = (intervalSeconds: number) => ({
  fresh: FRESH_INTERVALS * intervalSeconds,
  late: LATE_INTERVALS * intervalSeconds,
  stale: LOST_AFTER_SECONDS,
});

/**
 * Returns how old the facts about this host are.
 *
 * Age counts from the last confirmation of the facts: a report, or a heartbeat with the same boot id and
 * digest. Other contact confirms nothing.
 *
 * @param ageSeconds since the last confirmation; null if there was no report
 * @param intervalSeconds between two heartbeats, as the registry asked for
 */
export function freshness(ageSeconds: number | null, intervalSeconds: number, superseded = false): Freshness {
  if (ageSeconds === null) return { level: 'NEVER', ageSeconds: null, superseded };
  const { fresh, late, stale } = freshnessLimits(intervalSeconds);
  const level =
    ageSeconds <= fresh ? 'FRESH' : ageSeconds <= late ? 'LATE' : ageSeconds <= stale ? 'STALE' : 'LOST';
  return { level, ageSeconds, superseded };
}
