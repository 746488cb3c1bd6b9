import type { Situation } from '@klpreg/compat';
import { keptOf, othersSeen } from './boot-history.js';
import { keyOf } from './modules.js';

/**
 * Adds what a late report of the same boot shows to what is known of that boot. The present stays as it is.
 *
 * A patch that nothing else has shown left at a time that is not known. It may have replaced others, so none of them counts as disabled any
 * more; nor does any after a transition that nothing else has shown.
 *
 * @param late what the late report alone says
 */
export function addLate(situation: Situation, late: Situation): Situation {
  const known = new Set([...situation.list, ...situation.unlisted].map(keyOf));
  const shown = [...late.list, ...late.unlisted].filter((patch) => !known.has(keyOf(patch)));
  const missed = shown.map(({ name, buildId, reading }) => ({
    name,
    buildId,
    reading,
    unlistedBy: 'UNKNOWN' as const,
  }));
  const doubtful = missed.length > 0 || late.list.some(({ enabled, transition }) => enabled && transition);
  const unlisted = situation.unlisted.map((patch) =>
    doubtful && patch.unlistedBy === 'DISABLED' ? { ...patch, unlistedBy: 'UNKNOWN' as const } : patch,
  );
  const { kept, tooLong } = keptOf([...missed, ...unlisted]);
  return {
    ...situation,
    otherLivePatching: othersSeen(situation.otherLivePatching, late.otherLivePatching),
    unlisted: kept,
    historyTooLong: situation.historyTooLong || tooLong,
  };
}
