import { type Plan, listAfter } from '../routes/plan.js';
import { pushDependents } from './dependents.js';
import type { DeclaredState } from '../facts/declared.js';
import { anySurelyHolds, findStateHolders, isSure, pushKeptInDoubt } from './state-holders.js';
import type { RequiredEvidence } from '../facts/manifest.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';
import type { Refusals } from './refusals.js';
import { about, pushDropped, pushWeakWord } from './restore.js';
import { pushReversed } from './reverse.js';

const NONE: readonly never[] = [];

/**
 * What would this plan leave behind, lose or re-open, although the kernel accepts it?
 *
 * The kernel checks none of this: an atomic replace never runs the outgoing patches' callbacks, and disabling looks at no state at all.
 *
 * @param refusals what the state check says: nothing is left behind of a state for which it refuses, and where it accepted, the target holds it
 */
export function pushHarm(reasons: Reason[], plan: Plan, host: ResolvedSituation, { certain, checked }: Refusals, required: RequiredEvidence): void {
  if (plan.reversed !== null) {
    pushReversed(reasons, plan.reversed, plan, required);
    pushUndeclared(reasons, plan.reversed, required);
    if (plan.disabled.length > 0) pushDependents(reasons, plan.reversed, plan.stays, host.list, required);
    return;
  }
  const { load } = plan;
  const held = checked && load !== null && isSure(load, required);
  for (const patch of plan.replaced) {
    // It is not known what a target leaves behind whose states cannot be read.
    const states = held ? patch.added : patch.declared;
    if (load?.states !== null && states.length > 0) pushLeftBehind(reasons, patch, states, listAfter(plan), certain, required);
    pushUndeclared(reasons, patch, required);
    pushForeign(reasons, patch, load);
  }
  // What the target writes to the states of the patches that stay, only the running kernel shows.
  if (load?.rewritesBelow === true)
    for (const patch of plan.stays) reasons.push({ code: 'STATES_UNREADABLE', patch: patch.name, buildId: patch.buildId, other: load.name });
  if (plan.disabled.length === 0) return;
  // What is loaded later takes nothing over from a patch that is disabled before: `klp_get_prev_state()` does not see it any more.
  const holding = [...plan.stays, ...plan.replaced];
  for (const patch of plan.disabled) {
    for (const state of patch.declared) pushDropped(reasons, patch, state, holding, required);
    pushUndeclared(reasons, patch, required);
    pushDependents(reasons, patch, holding, host.list, required);
    // Which patches stand in the way of a cumulative target, no one has named: they are thrown away as by a replace.
    if (plan.load !== null && plan.load.replace !== false) pushForeign(reasons, patch, plan.load);
  }
}

/**
 * What did the patches that left the list earlier in this boot leave behind?
 *
 * A replaced or forced patch's callbacks never ran; a leftover for which the way it left is not known counts as one of these. A patch that was disabled
 * is judged as disabling it now would be.
 *
 * @param list the patches that may hold what they left: the listed ones, without one that never came in
 * @param after the list that the plan makes: what an author calls irreversible, no later patch's callbacks bring back
 */
export function pushHarmDone(
  reasons: Reason[],
  host: ResolvedSituation,
  list: readonly KnownPatch[],
  after: readonly KnownPatch[],
  required: RequiredEvidence,
): void {
  for (const { known, unlistedBy } of host.unlisted) {
    pushUndeclared(reasons, known, required);
    for (const state of known.declared)
      if (state.restore === 'IMPOSSIBLE' && findStateHolders(after, state).length === 0) reasons.push({ code: 'STATE_IRREVERSIBLE', ...about(known, state) });
    if (unlistedBy !== 'DISABLED') pushLeftBehind(reasons, known, known.declared, list, NONE, required);
    else for (const state of known.declared) pushDroppedEarlier(reasons, known, state, list, required);
  }
}

function pushDroppedEarlier(
  reasons: Reason[],
  patch: KnownPatch,
  state: KnownPatch['declared'][number],
  list: readonly KnownPatch[],
  required: RequiredEvidence,
): void {
  const holders = findStateHolders(list, state);
  if (holders.length > 0) pushKeptInDoubt(reasons, holders, state, required);
  else pushDropped(reasons, patch, state, [], required);
}

function pushLeftBehind(
  reasons: Reason[],
  patch: KnownPatch,
  states: readonly DeclaredState[],
  after: readonly KnownPatch[],
  refused: readonly Reason[],
  required: RequiredEvidence,
): void {
  for (const state of states) {
    if (anySurelyHolds(after, state, required) || refused.some(({ stateId }) => stateId === state.id)) continue;
    const holders = findStateHolders(after, state);
    pushKeptInDoubt(reasons, holders, state, required);
    if (holders.length > 0) continue;
    reasons.push({ code: 'STATE_LEFT_BEHIND', ...about(patch, state) });
    if (state.restore === 'IMPOSSIBLE') reasons.push({ code: 'STATE_IRREVERSIBLE', ...about(patch, state) });
  }
}

/** Its author may declare what an undeclared patch changes, or that it changes nothing; that word must be known well enough. */
function pushUndeclared(reasons: Reason[], patch: KnownPatch, required: RequiredEvidence): void {
  if (patch.undeclared) reasons.push({ code: 'STATES_UNDECLARED', patch: patch.name, buildId: patch.buildId });
  else if (patch.states?.length === 0 && !patch.provenNone) pushWeakWord(reasons, patch, required);
}

/** A patch of another owner would be thrown away; of whom no one knows the owner, it may be. */
function pushForeign(reasons: Reason[], patch: KnownPatch, load: KnownPatch | null): void {
  const owner = patch.manifest?.owner;
  if (owner === undefined) reasons.push({ code: 'PATCH_NOT_CATALOGUED', patch: patch.name, buildId: patch.buildId });
  else if (owner !== load?.manifest?.owner) reasons.push({ code: 'FOREIGN_PATCH_DISCARDED', patch: patch.name, buildId: patch.buildId, detail: owner });
}
