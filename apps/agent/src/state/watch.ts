import { join } from 'node:path';
import type { Observation } from '../observe.js';
import { EMPTY, type LogReading } from '../read/kmsg.js';
import { makeFolder, writeWhole } from './durable-files.js';
import { readRecord } from './records.js';

/** What the agent stores between two observations of a boot. */
export interface Watch {
  readonly bootId: string;
  /** The first observation without a gap since, and the last one. Monotonic milliseconds. */
  readonly sinceMs: number;
  readonly lastMs: number;
  /** The interval that the registry asks for. Null before its first answer. */
  readonly intervalSeconds: number | null;
  /** Null: the kernel log was not read in this boot yet. */
  readonly log: LogReading | null;
}

/** A longer time between two observations is a gap. The registry uses the same figure for a stale host. */
const GAP_INTERVALS = 5;

const FILE = 'watch.json';

const isWhole = ({ bootId, sinceMs, lastMs, intervalSeconds, log }: Partial<Watch>): boolean =>
  typeof bootId === 'string' &&
  [sinceMs, lastMs].every(Number.isFinite) &&
  (intervalSeconds === null || Number.isFinite(intervalSeconds)) &&
  (log === null ||
    (typeof log === 'object' &&
      Number.isSafeInteger(log.next) &&
      typeof log.reachesBoot === 'boolean' &&
      Array.isArray(log.events)));

/** Returns the stored watch of this boot. Null before the first observation, or if it cannot be read. */
export function readWatch(folder: string, bootId: string): Watch | null {
  const watch = readRecord<Watch>(join(folder, FILE), isWhole);
  return watch?.bootId === bootId ? watch : null;
}

/**
 * Returns the watch after an observation. It begins again after a gap, or if the clock went back.
 *
 * @param interval the configured seconds; the registry may have asked for more
 */
export function watchAfter(
  before: Watch | null,
  { host: { bootId }, observedMs, log }: SampleTime,
  interval: number,
): Watch {
  const intervalSeconds = before?.intervalSeconds ?? null;
  const longestMs = GAP_INTERVALS * Math.max(interval, intervalSeconds ?? 0) * 1_000;
  const goesOn = before !== null && observedMs >= before.lastMs && observedMs - before.lastMs <= longestMs;
  return {
    bootId,
    sinceMs: goesOn ? before.sinceMs : observedMs,
    lastMs: observedMs,
    intervalSeconds,
    log: log ?? before?.log ?? null,
  };
}

type SampleTime = Pick<Observation, 'observedMs' | 'log'> & { readonly host: { readonly bootId: string } };

export function keepWatch(folder: string, watch: Watch): void {
  makeFolder(folder);
  writeWhole(join(folder, FILE), `${JSON.stringify(watch)}\n`);
}

/** Stores the interval that the registry asks for. */
export function keepInterval(folder: string, bootId: string, intervalSeconds: number): void {
  const watch = readWatch(folder, bootId);
  if (watch !== null && watch.intervalSeconds !== intervalSeconds)
    keepWatch(folder, { ...watch, intervalSeconds });
}

/** Returns how far the kernel log was read. */
export const logOf = (watch: Watch | null): LogReading => watch?.log ?? EMPTY;
