import type { DeclaredState } from '../facts/declared.js';
import type { RequiredEvidence } from '../facts/manifest.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { about, type Reason } from '../reasons/reasons.js';
import { listAfter, type Plan } from '../routes/plan.js';
import { findDependents } from './dependents.js';
import type { Refusals } from './refusals.js';
import { aboutState, findDropped, findWeakStatement } from './restore.js';
import { findReversed } from './reverse.js';
import { anySurelyHolds, findHoldingDoubts, findStateHolders, isSure } from './state-holders.js';

/**
 * Returns what this plan would leave behind, lose or reopen although the kernel accepts it.
 *
 * The kernel checks none of this: an atomic replace never runs the outgoing patches' callbacks, and disabling
 * compares no states.
 *
 * @param refusals what the state check finds: nothing is left behind of a state for which it refuses
 */
export function findHarm(
  plan: Plan,
  host: ResolvedSituation,
  refusals: Refusals,
  required: RequiredEvidence,
): Reason[] {
  const { load, reversed, replaced, disabled, stays } = plan;
  if (reversed !== null)
    return [
      ...findReversed(reversed, plan, required),
      ...findUndeclared(reversed, required),
      ...(disabled.length === 0 ? [] : findDependents(reversed, stays, host.list, required)),
    ];
  // What is loaded later takes over nothing from a disabled patch: `klp_get_prev_state()` does not see it any
  // more.
  const holding = [...stays, ...replaced];
  return [
    ...replaced.flatMap((patch) => findHarmOfReplacing(patch, plan, refusals, required)),
    // Only the running kernel shows what the target writes to the states of the patches that stay.
    ...(load?.rewritesBelow === true
      ? stays.map((patch): Reason => ({ code: 'STATES_UNREADABLE', ...about(patch), other: load.name }))
      : []),
    ...disabled.flatMap((patch) => [
      ...patch.declared.flatMap((state) => findDropped(patch, state, holding, required)),
      ...findUndeclared(patch, required),
      ...findDependents(patch, holding, host.list, required),
      // The question does not name the patches that block a cumulative target: they are discarded as by a
      // replace.
      ...(load !== null && load.replace !== false ? findForeign(patch, load) : []),
    ]),
  ];
}

function findHarmOfReplacing(
  patch: KnownPatch,
  plan: Plan,
  { certain, checked }: Refusals,
  required: RequiredEvidence,
): Reason[] {
  const { load } = plan;
  // If the state check accepted, the target holds every kernel state.
  const states = checked && load !== null && isSure(load, required) ? patch.added : patch.declared;
  return [
    // It is not known what a target leaves behind whose states cannot be read.
    ...(load?.states === null ? [] : findLeftBehind(patch, states, listAfter(plan), certain, required)),
    ...findUndeclared(patch, required),
    ...findForeign(patch, load),
  ];
}

/**
 * Returns what the patches that left the list earlier in this boot have left behind.
 *
 * The callbacks of a replaced or forced patch never ran. A leftover counts as such a patch if it is not known
 * how it left. A disabled patch is judged as disabling it now would be.
 *
 * @param list the patches that may hold what they left: the listed ones, without one that never came in
 * @param after the list that the plan makes: no later patch's callbacks restore what an author calls
 *   irreversible
 */
export const findHarmDone = (
  host: ResolvedSituation,
  list: readonly KnownPatch[],
  after: readonly KnownPatch[],
  required: RequiredEvidence,
): Reason[] =>
  host.unlisted.flatMap(({ known, unlistedBy }) => [
    ...findUndeclared(known, required),
    ...known.declared
      .filter((state) => state.restore === 'IMPOSSIBLE' && findStateHolders(after, state).length === 0)
      .map((state): Reason => ({ code: 'STATE_IRREVERSIBLE', ...aboutState(known, state) })),
    ...(unlistedBy === 'DISABLED'
      ? known.declared.flatMap((state) => findDroppedEarlier(known, state, list, required))
      : findLeftBehind(known, known.declared, list, [], required)),
  ]);

function findDroppedEarlier(
  patch: KnownPatch,
  state: DeclaredState,
  list: readonly KnownPatch[],
  required: RequiredEvidence,
): readonly Reason[] {
  const holders = findStateHolders(list, state);
  return holders.length > 0
    ? findHoldingDoubts(holders, state, required)
    : findDropped(patch, state, [], required);
}

const findLeftBehind = (
  patch: KnownPatch,
  states: readonly DeclaredState[],
  after: readonly KnownPatch[],
  refused: readonly Reason[],
  required: RequiredEvidence,
): Reason[] =>
  states.flatMap((state): readonly Reason[] => {
    if (anySurelyHolds(after, state, required) || refused.some(({ stateId }) => stateId === state.id))
      return [];
    const holders = findStateHolders(after, state);
    if (holders.length > 0) return findHoldingDoubts(holders, state, required);
    const leftBehind: Reason = { code: 'STATE_LEFT_BEHIND', ...aboutState(patch, state) };
    if (state.restore !== 'IMPOSSIBLE') return [leftBehind];
    return [leftBehind, { ...leftBehind, code: 'STATE_IRREVERSIBLE' }];
  });

/**
 * The author may declare what an undeclared patch changes, or that it changes nothing, with the required
 * evidence.
 */
function findUndeclared(patch: KnownPatch, required: RequiredEvidence): Reason[] {
  if (patch.undeclared) return [{ code: 'STATES_UNDECLARED', ...about(patch) }];
  return patch.states?.length === 0 && !patch.provenNone ? findWeakStatement(patch, required) : [];
}

/** A patch of another owner would be discarded. If the owner is not known, that may be so. */
function findForeign(patch: KnownPatch, load: KnownPatch | null): Reason[] {
  const owner = patch.manifest?.owner;
  if (owner === undefined) return [{ code: 'PATCH_NOT_CATALOGUED', ...about(patch) }];
  return owner === load?.manifest?.owner
    ? []
    : [{ code: 'FOREIGN_PATCH_DISCARDED', ...about(patch), detail: owner }];
}
