import type { Report } from '@klpreg/wire';
import { findHome } from '../keep/instance.js';
import { lastNumber, transitionSince } from '../keep/memory.js';
import { firstFree } from '../keep/sequence.js';
import { logOf, lookedAt, readWatch } from '../keep/watch.js';
import { writeReport } from '../letter.js';
import { observe } from '../observe.js';
import type { Settings } from '../settings.js';

/**
 * Which report would be sent now?
 *
 * It has the next number without reserving it, and an open transition that was never reported has no `since`.
 * All that is kept is the instance id, where none is kept yet: what is shown is what `report` will send.
 */
export async function dump(settings: Settings, warn: (text: string) => void): Promise<Report> {
  const { instance, folder } = findHome(settings, true, warn);
  const seen = await observe(settings, instance, (bootId) => logOf(readWatch(folder, bootId)), warn);
  const since = seen.transition === null ? null : transitionSince(folder, seen.host.bootId, seen.transition, null);
  const { sinceMs } = lookedAt(readWatch(folder, seen.host.bootId), seen, settings.interval);
  return writeReport(seen, firstFree(`${folder}/sequence`, lastNumber(folder)), since, sinceMs);
}
