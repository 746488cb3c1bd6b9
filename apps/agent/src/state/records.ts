import { join } from 'node:path';
import { readText } from '../read/attribute.js';
import { makeFolder, writeDurably, writeWhole } from './durable-files.js';

/** The last report that the registry has stored. */
export interface Acknowledged {
  readonly sequence: number;
  readonly digest: string;
  readonly bootId: string;
}

/** An open transition when the agent first saw it in this boot. A reversed one is a new one. */
interface SeenTransition {
  readonly bootId: string;
  readonly patch: string;
  readonly target: 0 | 1;
  readonly since: string;
}

/** Reads a record from a file of the state directory. Null if it does not exist or is incomplete. */
export function readRecord<T>(file: string, isWhole: (value: Partial<T>) => boolean): T | null {
  // An unreadable record is ignored. That costs one full report.
  try {
    const value = JSON.parse(readText(file) ?? 'null') as Partial<T> | null;
    return value !== null && isWhole(value) ? (value as T) : null;
  } catch {
    return null;
  }
}

function writeRecord(folder: string, file: string, value: object): void {
  makeFolder(folder);
  writeDurably(join(folder, file), `${JSON.stringify(value)}\n`);
}

/** Returns the last report that the registry has. Null before the first. */
export const readAcknowledged = (folder: string): Acknowledged | null =>
  readRecord<Acknowledged>(
    join(folder, 'acknowledged.json'),
    (value) =>
      Number.isSafeInteger(value.sequence) &&
      typeof value.digest === 'string' &&
      typeof value.bootId === 'string',
  );

/** Stores the last report that the registry has. An older one never overwrites a newer one. */
export function keepAcknowledged(folder: string, taken: Acknowledged): void {
  const { sequence, digest, bootId } = taken;
  if (sequence > (readAcknowledged(folder)?.sequence ?? 0))
    writeRecord(folder, 'acknowledged.json', { sequence, digest, bootId });
}

const readLastSequence = (folder: string): number =>
  readRecord<{ sequence: number }>(
    join(folder, 'last-number.json'),
    ({ sequence }) => Number.isSafeInteger(sequence) && sequence! >= 0,
  )?.sequence ?? 0;

/** Returns the last sequence number according to the records. 0 if they have none. */
export const lastSequence = (folder: string): number =>
  Math.max(readLastSequence(folder), readAcknowledged(folder)?.sequence ?? 0);

/** Stores the sequence number in a second place. An older one never overwrites a newer one. */
export function keepSequence(folder: string, sequence: number): void {
  if (sequence > readLastSequence(folder))
    writeWhole(join(folder, 'last-number.json'), `${JSON.stringify({ sequence })}\n`);
}

/**
 * Returns the instant at which this agent first saw a transition.
 *
 * @param now the instant to store if it is new; null stores nothing
 * @returns null if it is new and nothing was stored
 */
export function transitionSince(
  folder: string,
  bootId: string,
  { patch, target }: { patch: string; target: 0 | 1 },
  now: string | null,
): string | null {
  const before = readRecord<SeenTransition>(
    join(folder, 'transition.json'),
    (value) => typeof value.since === 'string' && !Number.isNaN(Date.parse(value.since)),
  );
  if (before !== null && before.bootId === bootId && before.patch === patch && before.target === target)
    return before.since;
  if (now !== null) writeRecord(folder, 'transition.json', { bootId, patch, target, since: now });
  return now;
}
