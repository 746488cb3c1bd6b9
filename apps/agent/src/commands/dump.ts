import type { Report } from '@klpreg/wire';
import { findStateDirectory } from '../state/instance.js';
import { lastSequence, transitionSince } from '../state/records.js';
import { nextSequence } from '../state/sequence.js';
import { logOf, watchAfter, readWatch } from '../state/watch.js';
import { writeReport } from '../message.js';
import { observe } from '../observe.js';
import type { Settings } from '../settings.js';

/**
 * Returns the report that would be sent now.
 *
 * Does not reserve its sequence number. An open transition that was never reported has no `since`.
 * Stores only the instance id, if there is none yet, so that `report` will send the same one.
 */
export async function dump(settings: Settings, warn: (text: string) => void): Promise<Report> {
  const { instance, folder } = findStateDirectory(settings, true, warn);
  const seen = await observe(settings, instance, (bootId) => logOf(readWatch(folder, bootId)), warn);
  const since =
    seen.transition === null ? null : transitionSince(folder, seen.host.bootId, seen.transition, null);
  const { sinceMs } = watchAfter(readWatch(folder, seen.host.bootId), seen, settings.interval);
  return writeReport(seen, nextSequence(`${folder}/sequence`, lastSequence(folder)), since, sinceMs);
}
