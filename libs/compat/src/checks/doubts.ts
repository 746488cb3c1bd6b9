import { formatAge } from '../facts/age.js';
import { atLeast, type Evidence, weaker } from '../facts/manifest.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import type { Freshness, ModuleState } from '../facts/situation.js';
import { about, type Reason } from '../reasons/reasons.js';
import type { Plan } from '../routes/plan.js';
import { loadedName } from '../rules/patch.js';

/** Returns why the facts about this host may be wrong by now. An unknown age is never fresh enough. */
export function findHostDoubts(
  host: ResolvedSituation,
  freshness: Freshness,
  maxAgeSeconds: number,
): Reason[] {
  const { situation, contradictions } = host;
  const doubts = findStale(freshness, maxAgeSeconds);
  if (freshness.superseded) doubts.push({ code: 'REPORT_SUPERSEDED' });
  if (situation.suspect) doubts.push({ code: 'IDENTITY_SUSPECT' });
  if (situation.unread.length > 0)
    doubts.push({ code: 'REPORT_INCOMPLETE', detail: firstFew(situation.unread) });
  if (contradictions.length > 0)
    doubts.push({ code: 'REPORT_CONTRADICTORY', detail: contradictions.join('; ') });
  if (situation.otherLivePatching.length > 0)
    doubts.push({ code: 'OTHER_LIVE_PATCHING', detail: situation.otherLivePatching.join(', ') });
  return doubts;
}

function findStale({ level, ageSeconds, ageIsBound }: Freshness, maxAgeSeconds: number): Reason[] {
  if (level === 'NEVER') return [{ code: 'NEVER_REPORTED' }];
  if (ageSeconds === null)
    return [{ code: 'REPORT_STALE', detail: 'the time of the last confirmation is not known' }];
  // NaN is not young enough either.
  if ((level === 'FRESH' || level === 'LATE') && ageSeconds <= maxAgeSeconds) return [];
  return [{ code: 'REPORT_STALE', detail: confirmed(ageSeconds, ageIsBound) }];
}

/** Says when facts were last confirmed. */
export const confirmed = (ageSeconds: number, isBound?: true): string =>
  `last confirmed ${isBound ? 'more than ' : ''}${formatAge(ageSeconds)} ago`;

const NAMED = 5;
/** Returns the first few of these names, and how many more there are. */
const firstFew = (names: readonly string[]): string =>
  names.length <= NAMED
    ? names.join(', ')
    : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;

/**
 * Returns what may have happened in this boot without the registry's knowledge. A reboot ends these doubts.
 *
 * A module that is still loading may be on the list a moment later.
 */
export function findBootDoubts({ situation, loading }: ResolvedSituation): Reason[] {
  const doubts = loading.map(({ name, buildId, moduleState }): Reason => {
    return {
      code: 'MODULE_STILL_LOADING',
      patch: loadedName(name),
      buildId,
      detail: describeState(moduleState),
    };
  });
  if (situation.tainted === false) return doubts;
  if (situation.bootHistory !== 'KNOWN')
    doubts.push({ code: 'BOOT_HISTORY_INCOMPLETE', detail: MISSING[situation.bootHistory] });
  if (situation.historyTooLong) doubts.push({ code: 'HISTORY_TOO_LONG' });
  return doubts;
}

/** Returns what is known about a module that may still be loading. */
export const describeState = (state: ModuleState | null): string =>
  state === null ? 'the state of its module is not reported' : `its module is in state ${state}`;

const MISSING = {
  STARTED_LATE: 'the first report came after the first livepatch',
  GAP: 'the agent did not run for a time',
} as const;

/**
 * Returns which patches are unknown, or not known well enough.
 *
 * @param fromFile evidence that is required of patches that are not on the list: they have no live states to
 *   read
 */
export const findPatchDoubts = (
  plan: Plan,
  host: ResolvedSituation,
  required: Evidence,
  fromFile: Evidence,
): Reason[] => [
  ...patchesToKnow(plan).flatMap((patch) => findDoubts(patch, required)),
  ...host.unlisted.flatMap(({ known }) => findDoubts(known, fromFile)),
  ...(plan.load === null ? [] : findDoubts(plan.load, fromFile)),
];

/**
 * Returns the listed patches that leave, and all of them if something is loaded: the state check reads these.
 */
function patchesToKnow({ reversed, load, disabled, replaced, stays }: Plan): readonly KnownPatch[] {
  if (reversed !== null) return [reversed];
  return load === null ? disabled : [...disabled, ...replaced, ...stays];
}

/**
 * Returns why it is not certain which list the target makes, if it is listed already and not alone.
 *
 * That depends on its replace flag: a cumulative patch would have to be alone. If sysfs shows the flag,
 * nothing else needs to be known.
 */
export function findListedTargetDoubts(
  host: ResolvedSituation,
  buildId: string | null,
  required: Evidence,
): readonly Reason[] {
  if (buildId === null || host.list.length === 1) return [];
  const at = host.list.findIndex((patch) => patch.buildId === buildId);
  const target = host.list[at];
  if (target === undefined) return [];
  if (host.situation.list[at]?.replace == null) return findDoubts(target, weaker(required, 'MODULE'));
  return target.doubts.filter((doubt) => doubt.code === 'EVIDENCE_CONFLICT');
}

function findDoubts(patch: KnownPatch, required: Evidence): readonly Reason[] {
  if (patch.evidence === null || atLeast(patch.evidence, required)) return patch.doubts;
  const detail = `its states are ${patch.evidence}, ${required} is required`;
  return [...patch.doubts, { code: 'EVIDENCE_TOO_WEAK', ...about(patch), detail }];
}
