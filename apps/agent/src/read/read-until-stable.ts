import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '@klpreg/wire';
import { Failure } from '../failure.js';
import { Vanished } from './attribute.js';
import type { Sample } from './sample.js';

/** Milliseconds between looks. Long enough for the kernel's work item that removes a directory, short enough for a timer unit. */
const PAUSES = [5, 10, 20, 40, 80];

/**
 * What do two looks in a row agree on?
 *
 * The kernel gives no snapshot: one look may catch a patch half gone (enabled 0, transition 1, stack_order of another one). So a look counts only if the next one says the same.
 * Where something is coming or going, we look on, up to six times in all, and then take what the last two agreed on.
 *
 * @param look reads everything once; throws Vanished where a directory went away under it
 * @throws Failure UNREADABLE where no two looks in a row agreed
 */
export async function readUntilStable(readSample: () => Sample, pauses: readonly number[] = PAUSES): Promise<Sample> {
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
  const why = before === null ? `${vanished}: is not there, though its folder is` : 'the livepatches changed between any two looks';
  throw new Failure('UNREADABLE', `${why}; gave up after ${pauses.length + 1} looks`);
}
