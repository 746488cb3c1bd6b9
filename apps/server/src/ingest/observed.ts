import { freshnessLimits } from '@klpreg/compat';
import type { Clock } from '@klpreg/wire';
import type { z } from 'zod';
import type { Silence } from '../store/hosts/heartbeats.store.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * When was this observed?
 *
 * The time received less the time spooled, which the host's monotonic clock tells: its wall clock may be wrong, and an hour-old spooled report is an
 * hour old. A spool of more than 30 days is taken as 30 days.
 */
export function observedAt(clock: z.infer<typeof Clock>, receivedAt: Date): Date {
  const spooledMs = Math.min(Math.max(0, clock.sentMs - clock.observedMs), 30 * DAY_MS);
  return new Date(receivedAt.getTime() - Math.round(spooledMs));
}

/** After how many seconds was a host silent, and after how many must the index of confirmations be moved? One interval earlier, so that the index finds only those that were. */
export function silence(intervalSeconds: number): Silence {
  const { late } = freshnessLimits(intervalSeconds);
  return { silentAfter: late, indexedAfter: late - intervalSeconds };
}
