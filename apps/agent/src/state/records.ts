import { join } from 'node:path';
import { readText } from '../read/attribute.js';
import { makeFolder, writeDurably, writeWhole } from './durable-files.js';

/** The last report that the registry has durably taken. */
export interface Acknowledged {
  readonly sequence: number;
  readonly digest: string;
  readonly bootId: string;
}

/** An open transition as the agent first saw it in this boot. A turned-round one is another. */
interface SeenTransition {
  readonly bootId: string;
  readonly patch: string;
  readonly target: 0 | 1;
  readonly since: string;
}

/** Returns what a file of the state directory remembers; null if it is not there or not whole. */
export function readRecord<T>(file: string, isWhole: (value: Partial<T>) => boolean): T | null {
  // only a memory, so whatever cannot be read is forgotten: that costs one full report
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

/** Which report does the registry have of us? Null before the first. */
export const readAcknowledged = (folder: string): Acknowledged | null =>
  readRecord<Acknowledged>(
    join(folder, 'acknowledged.json'),
    (value) => Number.isSafeInteger(value.sequence) && typeof value.digest === 'string' && typeof value.bootId === 'string',
  );

/** Keeps what the registry has; an older one never overwrites a newer. */
export function keepAcknowledged(folder: string, taken: Acknowledged): void {
  const { sequence, digest, bootId } = taken;
  if (sequence > (readAcknowledged(folder)?.sequence ?? 0)) writeRecord(folder, 'acknowledged.json', { sequence, digest, bootId });
}

const readLastSequence = (folder: string): number =>
  readRecord<{ sequence: number }>(join(folder, 'last-number.json'), ({ sequence }) => Number.isSafeInteger(sequence) && sequence! >= 0)?.sequence ?? 0;

/** The last number that was used, as far as it is known without the folder of numbers; 0 if it is not. */
export const lastSequence = (folder: string): number => Math.max(readLastSequence(folder), readAcknowledged(folder)?.sequence ?? 0);

/** Keeps the number in a second place. An older one never overwrites a newer. */
export function keepSequence(folder: string, sequence: number): void {
  if (sequence > readLastSequence(folder)) writeWhole(join(folder, 'last-number.json'), `${JSON.stringify({ sequence })}\n`);
}

/**
 * Since when have we seen this transition?
 *
 * @param now the instant of a first sight, which is then kept; null only asks
 * @returns null where it was not seen before and nothing is kept
 */
export function transitionSince(folder: string, bootId: string, { patch, target }: { patch: string; target: 0 | 1 }, now: string | null): string | null {
  const before = readRecord<SeenTransition>(
    join(folder, 'transition.json'),
    (value) => typeof value.since === 'string' && !Number.isNaN(Date.parse(value.since)),
  );
  if (before !== null && before.bootId === bootId && before.patch === patch && before.target === target) return before.since;
  if (now !== null) writeRecord(folder, 'transition.json', { bootId, patch, target, since: now });
  return now;
}
