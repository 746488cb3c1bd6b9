import { join } from 'node:path';
import { Failure } from '../failure.js';
import { listFolder } from '../read/attribute.js';
import { createDurably, makeFolder, removeFile } from './durable-files.js';

/**
 * The number of sequence files that are kept.
 *
 * An agent that listed the directory earlier could only reuse a removed number after as many reservations.
 * Even then it sees the higher numbers before it uses its own.
 */
const KEPT = 64;

/**
 * At most 15 digits, so that the number and its successor
 * are safe integers. The agent writes no longer names.
 */
const NUMBER = /^[1-9][0-9]{0,14}$/;
const HIGHEST = 999_999_999_999_999;
/** More than an agent uses in a year with a message each minute. */
const MAX_JUMP = 1_000_000;
/** The record is written after the sequence file, so it may lack the last numbers. */
const MARGIN = 64;

const sequencesIn = (folder: string): number[] =>
  (listFolder(folder) ?? []).flatMap((entry) => (NUMBER.test(entry.name) ? [Number(entry.name)] : []));

/** Returns the highest reserved number. 0 before the first. */
export const newestSequence = (folder: string): number => Math.max(0, ...sequencesIn(folder));

/**
 * Returns the lowest free number.
 *
 * A stray file with a high number is an error: the registry accepts no jump, and numbers never go back.
 *
 * @param known the last number according to the records, for a lost directory; 0 if there is none
 * @throws Failure USAGE with the name of the stray file
 */
export function nextSequence(folder: string, known: number): number {
  const last = newestSequence(folder);
  if (known > 0 && last > known + MAX_JUMP)
    throw new Failure(
      'USAGE',
      `${join(folder, String(last))}: is far above ${known}, the last number that this agent used; remove it`,
    );
  // The directory was lost, or restored from a backup.
  if (last < known) return known + MARGIN;
  if (last >= HIGHEST)
    throw new Failure('USAGE', `${join(folder, String(last))}: is not a number of this agent; remove it`);
  return last + 1;
}

/**
 * Reserves the sequence number of the next message.
 *
 * Each number is a file. Creating it fails if it exists, so two agents never get the same number.
 * There is no lock that a killed agent could leave behind.
 * The file is on the disk before this returns. A number that was reserved and never sent is a gap.
 *
 * @param folder the sequence directory of the instance
 * @param known the last number according to the records, for a lost directory; 0 if there is none
 * @throws Failure USAGE with the name of a stray file; DISK
 */
export function reserveSequence(folder: string, known = 0): number {
  makeFolder(folder);
  for (let next = nextSequence(folder, known); ; next = Math.max(next, newestSequence(folder)) + 1) {
    if (!createDurably(join(folder, String(next)), `${process.pid}\n`)) continue;
    // If others reserved higher numbers meanwhile, this one may have been used and removed before.
    if (newestSequence(folder) > next) continue;
    for (const old of sequencesIn(folder)) if (old <= next - KEPT) removeFile(join(folder, String(old)));
    return next;
  }
}
