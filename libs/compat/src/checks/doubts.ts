import type { Plan } from '../routes/plan.js';
import { atLeast, type Evidence, weaker } from '../facts/manifest.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { loadedName } from '../rules/patch.js';
import { append, type Reason } from '../reasons/reasons.js';
import type { Freshness, ModuleState } from '../facts/situation.js';

const NONE: readonly never[] = [];

/** Why may what we know of this host be wrong by now? An age that is not known, or no number, is never young enough. */
export function pushHostDoubts(doubts: Reason[], host: ResolvedSituation, freshness: Freshness, maxAgeSeconds: number): void {
  const { level, ageSeconds, superseded } = freshness;
  const confirmed = (level === 'FRESH' || level === 'LATE') && ageSeconds !== null && ageSeconds <= maxAgeSeconds;
  if (level === 'NEVER') doubts.push({ code: 'NEVER_REPORTED' });
  else if (!confirmed)
    doubts.push({
      code: 'REPORT_STALE',
      detail: ageSeconds === null ? 'no one knows when it was last confirmed' : `last confirmed ${Math.round(ageSeconds)} s ago`,
    });
  if (superseded) doubts.push({ code: 'REPORT_SUPERSEDED' });
  const { situation } = host;
  if (situation.suspect) doubts.push({ code: 'IDENTITY_SUSPECT' });
  if (situation.unread.length > 0) doubts.push({ code: 'REPORT_INCOMPLETE', detail: listed(situation.unread) });
  if (host.contradictions.length > 0) doubts.push({ code: 'REPORT_CONTRADICTORY', detail: host.contradictions.join('; ') });
  if (situation.otherLivePatching.length > 0) doubts.push({ code: 'OTHER_LIVE_PATCHING', detail: situation.otherLivePatching.join(', ') });
}

const NAMED = 5;
/** The first few of these, and how many more there are. */
const listed = (names: readonly string[]): string =>
  names.length <= NAMED ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;

/**
 * Says what may have happened in this boot that the registry does not know. A reboot ends it.
 *
 * A module that is still loading may be on the list a moment later. What was on the list before the first report, nothing shows.
 */
export function pushBootDoubts(doubts: Reason[], { situation, loading }: ResolvedSituation): void {
  for (const { name, buildId, moduleState } of loading) {
    doubts.push({ code: 'MODULE_STILL_LOADING', patch: loadedName(name), buildId, detail: stateOf(moduleState) });
  }
  if (situation.tainted === false) return;
  if (situation.bootHistory !== 'KNOWN') doubts.push({ code: 'BOOT_HISTORY_INCOMPLETE', detail: MISSING[situation.bootHistory] });
  if (situation.historyTooLong) doubts.push({ code: 'HISTORY_TOO_LONG' });
}

/** What is known of a module that may be still loading. */
export const stateOf = (state: ModuleState | null): string => (state === null ? 'the state of its module is not reported' : `its module is in state ${state}`);

const MISSING = {
  STARTED_LATE: 'the first report came after the first livepatch',
  GAP: 'the agent did not look for a time',
} as const;

/**
 * Which patches are not known, or not well enough?
 *
 * @param fromFile how well those must be known that are not on the list (any more, or yet): these have no live states to read
 */
export function pushPatchDoubts(doubts: Reason[], plan: Plan, host: ResolvedSituation, required: Evidence, fromFile: Evidence): void {
  pushListedDoubts(doubts, plan, required);
  for (const { known } of host.unlisted) pushDoubts(doubts, known, fromFile);
  if (plan.load !== null) pushDoubts(doubts, plan.load, fromFile);
}

/** Of the listed patches those must be known that leave, and where something is loaded also those that the rule reads. */
function pushListedDoubts(doubts: Reason[], { reversed, load, disabled, replaced, stays }: Plan, required: Evidence): void {
  if (reversed !== null) {
    pushDoubts(doubts, reversed, required);
    return;
  }
  for (const patch of disabled) pushDoubts(doubts, patch, required);
  if (load === null) return;
  for (const patch of replaced) pushDoubts(doubts, patch, required);
  for (const patch of stays) pushDoubts(doubts, patch, required);
}

/**
 * Is it certain which list the target makes, where it is listed already and not alone?
 *
 * That rests on its replace flag: a cumulative one would have to be left alone. Where sysfs shows the flag, nothing else needs to be known.
 */
export function findListedTargetDoubts(host: ResolvedSituation, buildId: string | null, required: Evidence): readonly Reason[] {
  if (buildId === null || host.list.length === 1) return NONE;
  let at = 0;
  while (at < host.list.length && host.list[at]!.buildId !== buildId) at += 1;
  const there = host.list[at];
  if (there === undefined) return NONE;
  const doubts: Reason[] = [];
  if (host.situation.list[at]?.replace == null) pushDoubts(doubts, there, weaker(required, 'MODULE'));
  else doubts.push(...there.doubts.filter((doubt) => doubt.code === 'EVIDENCE_CONFLICT'));
  return doubts;
}

function pushDoubts(doubts: Reason[], patch: KnownPatch, required: Evidence): void {
  append(doubts, patch.doubts);
  if (patch.evidence !== null && !atLeast(patch.evidence, required))
    doubts.push({ code: 'EVIDENCE_TOO_WEAK', patch: patch.name, buildId: patch.buildId, detail: `its states are ${patch.evidence}, ${required} is required` });
}
