import type { DeclaredState } from '../facts/declared.js';
import type { RequiredEvidence } from '../facts/manifest.js';
import type { KnownPatch } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';
import type { Plan } from '../routes/plan.js';
import { aboutState, findWeakCallbacks, findWeakStatement } from './restore.js';
import { findHoldingDoubts, findStateHolders } from './state-holders.js';

/**
 * Returns why it is not certain what happens to the states of a patch whose transition is reversed.
 *
 * Mirrors `klp_complete_transition()` after `klp_reverse_transition()`. A reversed enable runs post_unpatch,
 * never pre_unpatch, and post_patch has not run. A reversed disable runs post_patch again after pre_unpatch.
 * An author's promise is about disabling: it says nothing about the second, and covers the first only without
 * pre_unpatch.
 */
export const findReversed = (
  patch: KnownPatch,
  { disabled, stays }: Plan,
  required: RequiredEvidence,
): Reason[] =>
  patch.declared.flatMap((state) =>
    disabled.length === 0
      ? findAfterReversedDisable(patch, state, required)
      : findAfterReversedEnable(patch, state, stays, required),
  );

/** Nothing happens to the state only if neither callback is set. */
function findAfterReversedDisable(
  patch: KnownPatch,
  state: DeclaredState,
  required: RequiredEvidence,
): Reason[] {
  const { callbacks } = patch;
  if (callbacks !== null && !callbacks.preUnpatch && !callbacks.postPatch)
    return findWeakCallbacks(patch, required);
  const detail = 'reversed, post_patch runs again after pre_unpatch';
  return [{ code: 'RESTORE_NOT_PROMISED', ...aboutState(patch, state), detail }];
}

function findAfterReversedEnable(
  patch: KnownPatch,
  state: DeclaredState,
  staying: readonly KnownPatch[],
  required: RequiredEvidence,
): Reason[] {
  const irreversible = state.restore === 'IMPOSSIBLE' && findStateHolders(staying, state).length === 0;
  return [
    ...(irreversible ? [{ code: 'STATE_IRREVERSIBLE', ...aboutState(patch, state) } as const] : []),
    ...findNotTakenBack(patch, state, staying, required),
    ...findWeakCallbacks(patch, required),
  ];
}

/** Returns why a state that post_patch has not touched yet may have changed: only post_unpatch runs. */
function findNotTakenBack(
  patch: KnownPatch,
  state: DeclaredState,
  staying: readonly KnownPatch[],
  required: RequiredEvidence,
): readonly Reason[] {
  const { callbacks } = patch;
  const facts = aboutState(patch, state);
  const holders = findStateHolders(staying, state);
  const notPromised: Reason = {
    code: 'RESTORE_NOT_PROMISED',
    ...facts,
    detail: 'reversed, only its post_unpatch runs',
  };
  if (callbacks === null || callbacks.preUnpatch || (!callbacks.postUnpatch && callbacks.postPatch))
    return [notPromised];
  if (state.restore === 'NOT_NEEDED') return findWeakStatement(patch, required);
  if (!callbacks.postUnpatch)
    return holders.length > 0
      ? findHoldingDoubts(holders, state, required)
      : [{ code: 'STATE_NOT_RESTORED', ...facts }];
  if (state.restore === 'CALLBACKS') return findWeakStatement(patch, required);
  return state.restore === 'IMPOSSIBLE' && holders.length === 0 ? [] : [notPromised];
}
