import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '@klpreg/wire';
import { Failure } from '../failure.js';
import { Vanished } from './attribute.js';
import type { Sample } from './sample.js';

/** Milliseconds between samples. Long enough for the kernel's work item that removes a directory. */
const PAUSES = [5, 10, 20, 40, 80];

/**
 * Reads samples until two in a row are equal.
 *
 * The kernel gives no snapshot. One sample may catch a patch
 * half removed (enabled 0, transition 1, a stale stack_order).
 * While something is changing, this reads on, up to six times, and then returns what the last two agreed on.
 *
 * @param readSample throws Vanished if a directory disappeared during the read
 * @throws Failure UNREADABLE if no two samples in a row are equal
 */
export async function readUntilStable(
  readSample: () => Sample,
  pauses: readonly number[] = PAUSES,
): Promise<Sample> {
  let before: Sample | null = null;
  let agreed: Sample | null = null;
  let vanished = '';
  for (let attempt = 0; attempt <= pauses.length; attempt += 1) {
    if (attempt > 0) await sleep(pauses[attempt - 1]);
    let now: Sample | null = null;
    try {
      now = readSample();
    } catch (error) {
      if (!(error instanceof Vanished)) throw error;
      vanished = error.message;
    }
    agreed = now !== null && before !== null && canonicalJson(now) === canonicalJson(before) ? now : null;
    if (agreed !== null && agreed.instability.length === 0) return agreed;
    before = now;
  }
  if (agreed !== null) return agreed;
  const why =
    before === null
      ? `${vanished}: does not exist, although its directory does`
      : 'the livepatches changed between any two samples';
  throw new Failure('UNREADABLE', `${why}; gave up after ${pauses.length + 1} samples`);
}
