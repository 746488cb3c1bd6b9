import { type BootHistory, loadedName, type Reading, type Situation } from '@klpreg/compat';
import { type KernelLog, wasListed } from './kernel-log.js';
import { keyOf } from './modules.js';

/**
 * Patches that left the list in one boot and are kept. If there are more, `historyTooLong` says so until the
 * boot ends.
 */
export const UNLISTED_KEPT = 200;
/** States that hosts themselves read of these patches, together. */
export const STATES_KEPT = 20_000;
const OTHERS_KEPT = 50;

/** The newest of these patches that left the list, as many as are kept. */
export function keptOf<Patch extends { readonly reading: Reading | null }>(
  unlisted: readonly Patch[],
): { readonly kept: Patch[]; readonly tooLong: boolean } {
  let states = 0;
  const kept: Patch[] = [];
  for (const patch of unlisted.toReversed()) {
    states += patch.reading?.states?.length ?? 0;
    if (kept.length === UNLISTED_KEPT || states > STATES_KEPT)
      return { kept: kept.toReversed(), tooLong: true };
    kept.push(patch);
  }
  return { kept: kept.toReversed(), tooLong: false };
}

interface Looked {
  /** null: the first report of this boot. */
  readonly before: Situation | null;
  readonly tainted: boolean | null;
  /** This report is complete and can be true. */
  readonly reliable: boolean;
  /** The agent did not look for too long. */
  readonly gap: boolean;
  readonly log: KernelLog | null;
  /** Names of everything that is or was on the list, or is loaded. */
  readonly names: readonly string[];
}

/**
 * Says what is known of this boot's earlier livepatches.
 *
 * Without taint K there were none. A kernel log that reaches back to the boot, and names everything else that
 * is known, names them all.
 */
export function bootHistoryOf({ before, tainted, reliable, gap, log, names }: Looked): BootHistory {
  if (tainted === false && reliable) return 'KNOWN';
  const known = before?.bootHistory ?? 'STARTED_LATE';
  // A livepatch that came and went between two looks leaves the taint and nothing else.
  const unexplained = before?.tainted === false && names.length === 0;
  if (known === 'KNOWN' && !gap && !unexplained) return 'KNOWN';
  if (log?.reachesBoot === true && names.every((name) => wasListed(log.events.get(loadedName(name)) ?? [])))
    return 'KNOWN';
  return known === 'KNOWN' ? 'GAP' : known;
}

/** Other live patching systems that were seen in this boot: what they have changed stays. */
export const othersSeen = (before: readonly string[], now: readonly string[]): string[] =>
  [...new Set([...before, ...now])].slice(0, OTHERS_KEPT);

/**
 * Adds the patches of a late report to the history of their boot. The present stays as it is.
 *
 * A patch that only the late report shows left the list at an unknown time. It may have replaced others, so
 * none of them counts as disabled any more. The same applies if only the late report shows a transition.
 *
 * @param late the situation by the late report alone
 */
export function addLateReport(situation: Situation, late: Situation): Situation {
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
