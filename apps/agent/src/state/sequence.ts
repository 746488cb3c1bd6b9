import { join } from 'node:path';
import { Failure } from '../failure.js';
import { listFolder } from '../read/attribute.js';
import { createDurably, makeFolder, removeFile } from './durable-files.js';

/**
 * How many numbers stay after the newest. Old ones are removed only when they are this far behind, so somebody who listed the folder before they went
 * would have to sleep through as many reservations, and then still sees higher numbers before using one.
 */
const KEPT = 64;

/** 15 digits: every one of them is a safe integer, and so is the next one. Longer names are not numbers of this agent. */
const NUMBER = /^[1-9][0-9]{0,14}$/;
const HIGHEST = 999_999_999_999_999;
/** More than an agent uses in a year with a document each minute. */
const MAX_JUMP = 1_000_000;
/** The second place is written after the number, so it may lack the last ones. */
const MARGIN = 64;

const sequencesIn = (folder: string): number[] => (listFolder(folder) ?? []).flatMap((entry) => (NUMBER.test(entry.name) ? [Number(entry.name)] : []));

/** The highest number that was ever reserved; 0 before the first. */
export const newestSequence = (folder: string): number => Math.max(0, ...sequencesIn(folder));

/**
 * Returns the lowest number that is free.
 *
 * The file of a stray number would end all numbers: the registry takes no jump, and numbers never go back.
 *
 * @param known the last number that is known from elsewhere, for when the folder was lost; 0 if none is
 * @throws Failure USAGE naming the file of a stray number
 */
export function nextSequence(folder: string, known: number): number {
  const last = newestSequence(folder);
  if (known > 0 && last > known + MAX_JUMP)
    throw new Failure('USAGE', `${join(folder, String(last))}: is far above ${known}, the last number that this agent used; remove it`);
  // the folder was lost, or an older one was put back
  if (last < known) return known + MARGIN;
  if (last >= HIGHEST) throw new Failure('USAGE', `${join(folder, String(last))}: is not a number of this agent; remove it`);
  return last + 1;
}

/**
 * Which number has the next document?
 *
 * Each number is a file. Making one fails if it is there, so two agents at once never get the same, and there is no lock that a killed one could leave behind.
 * It is on the disk before this returns: a number that was reserved and never sent is a gap, never a repetition.
 *
 * @param folder one for each instance
 * @param known the last number that is known from elsewhere, for when the folder was lost; 0 if none is
 * @throws Failure USAGE naming a file that is not a number of this agent; DISK
 */
export function reserveSequence(folder: string, known = 0): number {
  makeFolder(folder);
  for (let next = nextSequence(folder, known); ; next = Math.max(next, newestSequence(folder)) + 1) {
    if (!createDurably(join(folder, String(next)), `${process.pid}\n`)) continue;
    // if others went past us while we slept, ours may be one that was used and removed before
    if (newestSequence(folder) > next) continue;
    for (const old of sequencesIn(folder)) if (old <= next - KEPT) removeFile(join(folder, String(old)));
    return next;
  }
}
