import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { listFolder } from '../read/attribute.js';
import { createDurably, makeFolder } from './durable.js';

/**
 * How many numbers stay after the newest. Old ones are removed only when they are this far behind, so somebody who listed the folder before they went
 * would have to sleep through as many reservations, and then still sees higher numbers before using one.
 */
const KEPT = 64;

const numbersIn = (folder: string): number[] =>
  (listFolder(folder) ?? []).flatMap((entry) => (/^[1-9][0-9]{0,15}$/.test(entry.name) ? [Number(entry.name)] : []));

/** The highest number that was ever reserved; 0 before the first. */
export const newest = (folder: string): number => Math.max(0, ...numbersIn(folder));

/**
 * Which number has the next document?
 *
 * Each number is a file. Making one fails if it is there, so two agents at once never get the same, and there is no lock that a killed one could leave behind.
 * It is on the disk before this returns: a number that was reserved and never sent is a gap, never a repetition.
 *
 * @param folder one for each instance
 * @param owner goes into the file, for whoever looks
 */
export function reserve(folder: string, owner = `${process.pid}\n`): number {
  makeFolder(folder);
  for (let next = newest(folder) + 1; ; next = Math.max(next, newest(folder)) + 1) {
    if (!createDurably(join(folder, String(next)), owner)) continue;
    // if others went past us while we slept, ours may be one that was used and removed before
    if (newest(folder) > next) continue;
    for (const old of numbersIn(folder)) if (old <= next - KEPT) rmSync(join(folder, String(old)), { force: true });
    return next;
  }
}
