import type { Course } from './course.js';
import { atLeast, type Evidence, weaker } from './manifest.js';
import type { KnownPatch, Scene } from './recognise.js';
import type { Reason } from './reasons.js';
import type { Freshness } from './situation.js';

/** Why may what we know of this host be wrong by now? An age that is not known, or no number, is never young enough. */
export function findHostDoubts(scene: Scene, freshness: Freshness, maxAgeSeconds: number): Reason[] {
  const doubts: Reason[] = [];
  const { level, ageSeconds, superseded } = freshness;
  const confirmed = (level === 'FRESH' || level === 'LATE') && ageSeconds !== null && ageSeconds <= maxAgeSeconds;
  if (level === 'NEVER') doubts.push({ code: 'NEVER_REPORTED' });
  else if (!confirmed)
    doubts.push({
      code: 'REPORT_STALE',
      detail: ageSeconds === null ? 'no one knows when it was last confirmed' : `last confirmed ${Math.round(ageSeconds)} s ago`,
    });
  if (superseded) doubts.push({ code: 'REPORT_SUPERSEDED' });
  if (scene.situation.suspect) doubts.push({ code: 'IDENTITY_SUSPECT' });
  return doubts;
}

/** Which patches are not known, or not well enough? */
export function findPatchDoubts(course: Course, scene: Scene, wanted: Evidence): Reason[] {
  const doubts: Reason[] = [];
  for (const patches of involved(course)) for (const patch of patches) pushDoubts(doubts, patch, wanted);
  // What is not on the list (any more, or yet) has no live states to read.
  const fromFile = weaker(wanted, 'MODULE');
  for (const { known } of scene.departed) pushDoubts(doubts, known, fromFile);
  if (course.load !== null) pushDoubts(doubts, course.load, fromFile);
  return doubts;
}

/**
 * Is it certain which list the target makes, where it is listed already and not alone?
 *
 * That rests on its replace flag: a cumulative one would have to be left alone. Where sysfs shows the flag, nothing else needs to be known.
 */
export function findListedTargetDoubts(scene: Scene, buildId: string | null, wanted: Evidence): Reason[] {
  if (buildId === null || scene.list.length === 1) return [];
  let at = 0;
  while (at < scene.list.length && scene.list[at]!.buildId !== buildId) at += 1;
  const there = scene.list[at];
  if (there === undefined) return [];
  const doubts: Reason[] = [];
  if (scene.situation.list[at]?.replace == null) pushDoubts(doubts, there, weaker(wanted, 'MODULE'));
  else doubts.push(...there.doubts.filter((doubt) => doubt.code === 'EVIDENCE_CONFLICT'));
  return doubts;
}

/** Which listed patches must be known for this course: everything that the rule reads, or that leaves? */
function involved({ reversed, load, disabled, replaced, stays }: Course): readonly (readonly KnownPatch[])[] {
  if (reversed !== null) return [[reversed]];
  return load === null ? [disabled] : [disabled, replaced, stays];
}

function pushDoubts(doubts: Reason[], patch: KnownPatch, wanted: Evidence): void {
  if (patch.doubts.length > 0) doubts.push(...patch.doubts);
  if (patch.evidence !== null && !atLeast(patch.evidence, wanted))
    doubts.push({ code: 'EVIDENCE_TOO_WEAK', patch: patch.name, buildId: patch.buildId, detail: `its states are ${patch.evidence}, ${wanted} is wanted` });
}
