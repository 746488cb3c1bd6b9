import { join } from 'node:path';
import type { Observation } from '../observe.js';
import { EMPTY, type LogReading } from '../read/kmsg.js';
import { makeFolder, writeWhole } from './durable-files.js';
import { readRecord } from './records.js';

/** What is remembered of a boot from one look to the next. */
export interface Watch {
  readonly bootId: string;
  /** Monotonic milliseconds: from when on there was a look without a gap, and the last one. */
  readonly sinceMs: number;
  readonly lastMs: number;
  /** How often the registry wants to hear of this host; null before it said so. */
  readonly intervalSeconds: number | null;
  /** Null: the kernel log was not read yet in this boot. */
  readonly log: LogReading | null;
}

/** A longer time without a look is a gap. The same figure decides in the registry when a host is stale. */
const GAP_INTERVALS = 5;

const FILE = 'watch.json';

const isWhole = ({ bootId, sinceMs, lastMs, intervalSeconds, log }: Partial<Watch>): boolean =>
  typeof bootId === 'string' &&
  [sinceMs, lastMs].every(Number.isFinite) &&
  (intervalSeconds === null || Number.isFinite(intervalSeconds)) &&
  (log === null || (typeof log === 'object' && Number.isSafeInteger(log.next) && typeof log.reachesBoot === 'boolean' && Array.isArray(log.events)));

/** What is remembered of this boot; null before the first look, or if it cannot be read. */
export function readWatch(folder: string, bootId: string): Watch | null {
  const watch = readRecord<Watch>(join(folder, FILE), isWhole);
  return watch?.bootId === bootId ? watch : null;
}

/**
 * Returns what to remember after a look. A gap, or a clock that went back, begins again.
 *
 * @param interval seconds that were configured; the registry may have asked for more
 */
export function watchAfter(before: Watch | null, { host: { bootId }, observedMs, log }: SampleTime, interval: number): Watch {
  const intervalSeconds = before?.intervalSeconds ?? null;
  const longestMs = GAP_INTERVALS * Math.max(interval, intervalSeconds ?? 0) * 1_000;
  const goesOn = before !== null && observedMs >= before.lastMs && observedMs - before.lastMs <= longestMs;
  return { bootId, sinceMs: goesOn ? before.sinceMs : observedMs, lastMs: observedMs, intervalSeconds, log: log ?? before?.log ?? null };
}

type SampleTime = Pick<Observation, 'observedMs' | 'log'> & { readonly host: { readonly bootId: string } };

export function keepWatch(folder: string, watch: Watch): void {
  makeFolder(folder);
  writeWhole(join(folder, FILE), `${JSON.stringify(watch)}\n`);
}

/** Keeps how often the registry wants to hear of this host. */
export function keepInterval(folder: string, bootId: string, intervalSeconds: number): void {
  const watch = readWatch(folder, bootId);
  if (watch !== null && watch.intervalSeconds !== intervalSeconds) keepWatch(folder, { ...watch, intervalSeconds });
}

/** From where to read the kernel log on. */
export const logOf = (watch: Watch | null): LogReading => watch?.log ?? EMPTY;
