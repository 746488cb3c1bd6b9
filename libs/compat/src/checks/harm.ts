import { type Course, listAfter } from '../routes/course.js';
import { pushDependents } from './dependents.js';
import type { DeclaredState } from '../facts/declared.js';
import { areSureToKeep, findKeepers, isSure, pushKeptInDoubt } from './keepers.js';
import type { Wanted } from '../facts/manifest.js';
import type { KnownPatch, ResolvedSituation } from '../facts/recognise.js';
import type { Reason } from '../reasons/reasons.js';
import type { Refusals } from './refusals.js';
import { about, pushDropped, pushWeakWord } from './restore.js';
import { pushReversed } from './reverse.js';

const NONE: readonly never[] = [];

/**
 * What would this course leave behind, lose or re-open, although the kernel accepts it?
 *
 * The kernel checks none of this: an atomic replace never runs the outgoing patches' callbacks, and disabling looks at no state at all.
 *
 * @param refusals what the state check says: nothing is left behind of a state for which it refuses, and where it accepted, the target holds it
 */
export function pushHarm(reasons: Reason[], course: Course, scene: ResolvedSituation, { certain, checked }: Refusals, wanted: Wanted): void {
  if (course.reversed !== null) {
    pushReversed(reasons, course.reversed, course, wanted);
    pushUndeclared(reasons, course.reversed, wanted);
    if (course.disabled.length > 0) pushDependents(reasons, course.reversed, course.stays, scene.list, wanted);
    return;
  }
  const { load } = course;
  const held = checked && load !== null && isSure(load, wanted);
  for (const patch of course.replaced) {
    // It is not known what a target leaves behind whose states cannot be read.
    const states = held ? patch.added : patch.declared;
    if (load?.states !== null && states.length > 0) pushLeftBehind(reasons, patch, states, listAfter(course), certain, wanted);
    pushUndeclared(reasons, patch, wanted);
    pushForeign(reasons, patch, load);
  }
  // What the target writes to the states of the patches that stay, only the running kernel shows.
  if (load?.rewritesBelow === true)
    for (const patch of course.stays) reasons.push({ code: 'STATES_UNREADABLE', patch: patch.name, buildId: patch.buildId, other: load.name });
  if (course.disabled.length === 0) return;
  // What is loaded later takes nothing over from a patch that is disabled before: `klp_get_prev_state()` does not see it any more.
  const holding = [...course.stays, ...course.replaced];
  for (const patch of course.disabled) {
    for (const state of patch.declared) pushDropped(reasons, patch, state, holding, wanted);
    pushUndeclared(reasons, patch, wanted);
    pushDependents(reasons, patch, holding, scene.list, wanted);
    // Which patches stand in the way of a cumulative target, no one has named: they are thrown away as by a replace.
    if (course.load !== null && course.load.replace !== false) pushForeign(reasons, patch, course.load);
  }
}

/**
 * What did the patches that left the list earlier in this boot leave behind?
 *
 * A replaced or forced patch's callbacks never ran; a leftover for which the way it left is not known counts as one of these. A patch that was disabled
 * is judged as disabling it now would be.
 *
 * @param list the patches that may hold what they left: the listed ones, without one that never came in
 * @param after the list that the course makes: what an author calls irreversible, no later patch's callbacks bring back
 */
export function pushHarmDone(reasons: Reason[], scene: ResolvedSituation, list: readonly KnownPatch[], after: readonly KnownPatch[], wanted: Wanted): void {
  for (const { known, unlistedBy } of scene.unlisted) {
    pushUndeclared(reasons, known, wanted);
    for (const state of known.declared)
      if (state.restore === 'IMPOSSIBLE' && findKeepers(after, state).length === 0) reasons.push({ code: 'STATE_IRREVERSIBLE', ...about(known, state) });
    if (unlistedBy !== 'DISABLED') pushLeftBehind(reasons, known, known.declared, list, NONE, wanted);
    else for (const state of known.declared) pushDroppedEarlier(reasons, known, state, list, wanted);
  }
}

function pushDroppedEarlier(reasons: Reason[], patch: KnownPatch, state: KnownPatch['declared'][number], list: readonly KnownPatch[], wanted: Wanted): void {
  const keepers = findKeepers(list, state);
  if (keepers.length > 0) pushKeptInDoubt(reasons, keepers, state, wanted);
  else pushDropped(reasons, patch, state, [], wanted);
}

function pushLeftBehind(
  reasons: Reason[],
  patch: KnownPatch,
  states: readonly DeclaredState[],
  after: readonly KnownPatch[],
  refused: readonly Reason[],
  wanted: Wanted,
): void {
  for (const state of states) {
    if (areSureToKeep(after, state, wanted) || refused.some(({ stateId }) => stateId === state.id)) continue;
    const keepers = findKeepers(after, state);
    pushKeptInDoubt(reasons, keepers, state, wanted);
    if (keepers.length > 0) continue;
    reasons.push({ code: 'STATE_LEFT_BEHIND', ...about(patch, state) });
    if (state.restore === 'IMPOSSIBLE') reasons.push({ code: 'STATE_IRREVERSIBLE', ...about(patch, state) });
  }
}

/** Its author may declare what an undeclared patch changes, or that it changes nothing; that word must be known well enough. */
function pushUndeclared(reasons: Reason[], patch: KnownPatch, wanted: Wanted): void {
  if (patch.undeclared) reasons.push({ code: 'STATES_UNDECLARED', patch: patch.name, buildId: patch.buildId });
  else if (patch.states?.length === 0 && !patch.provenNone) pushWeakWord(reasons, patch, wanted);
}

/** A patch of another owner would be thrown away; of whom no one knows the owner, it may be. */
function pushForeign(reasons: Reason[], patch: KnownPatch, load: KnownPatch | null): void {
  const owner = patch.manifest?.owner;
  if (owner === undefined) reasons.push({ code: 'PATCH_NOT_CATALOGUED', patch: patch.name, buildId: patch.buildId });
  else if (owner !== load?.manifest?.owner) reasons.push({ code: 'FOREIGN_PATCH_DISCARDED', patch: patch.name, buildId: patch.buildId, detail: owner });
}
