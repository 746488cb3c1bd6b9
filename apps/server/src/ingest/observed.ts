import { freshnessLimits } from '@klpreg/compat';
import type { Clock } from '@klpreg/wire';
import type { z } from 'zod';
import type { Silence } from '../store/hosts/heartbeats.store.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Returns when a message was observed: the time of receipt minus the time that it was spooled.
 *
 * The host's monotonic clock measures the spooled time, because its wall clock may be wrong. More than 30
 * days count as 30 days.
 */
export function observedAt(clock: z.infer<typeof Clock>, receivedAt: Date): Date {
  const spooledMs = Math.min(Math.max(0, clock.sentMs - clock.observedMs), 30 * DAY_MS);
  return new Date(receivedAt.getTime() - Math.round(spooledMs));
}

/**
 * Returns the seconds after which a host counts as silent, and after which its indexed confirmation is
 * updated. The latter is one interval earlier, so that the index finds silent hosts only.
 */
export function silence(intervalSeconds: number): Silence {
  const { late } = freshnessLimits(intervalSeconds);
  return { silentAfter: late, indexedAfter: late - intervalSeconds };
}
