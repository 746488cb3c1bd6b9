import type { Plan } from '../routes/plan.js';
import type { DeclaredState } from '../facts/declared.js';
import { findStateHolders, pushKeptInDoubt } from './state-holders.js';
import type { RequiredEvidence } from '../facts/manifest.js';
import type { KnownPatch } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';
import { about, pushWeakCallbacks, pushWeakWord } from './restore.js';

/**
 * What becomes of a state when the transition of its patch is turned round?
 *
 * Mirrors `klp_complete_transition()` after `klp_reverse_transition()`. A reversed enable runs post_unpatch, never pre_unpatch, and its post_patch never
 * ran. A reversed disable runs post_patch again, and its pre_unpatch had run. An author's promise speaks of disabling: it says nothing of the second,
 * and of the first only where there is no pre_unpatch.
 */
export function pushReversed(reasons: Reason[], patch: KnownPatch, { disabled, stays }: Plan, required: RequiredEvidence): void {
  for (const state of patch.declared)
    if (disabled.length === 0) pushKept(reasons, patch, state, required);
    else pushTakenBack(reasons, patch, state, stays, required);
}

/** A reversed disable: only where neither callback is there does nothing happen to the state. */
function pushKept(reasons: Reason[], patch: KnownPatch, state: DeclaredState, required: RequiredEvidence): void {
  const { callbacks } = patch;
  if (callbacks !== null && !callbacks.preUnpatch && !callbacks.postPatch) pushWeakCallbacks(reasons, patch, required);
  else reasons.push({ code: 'RESTORE_NOT_PROMISED', ...about(patch, state), detail: 'turned round, post_patch runs again after pre_unpatch' });
}

/** A reversed enable. */
function pushTakenBack(reasons: Reason[], patch: KnownPatch, state: DeclaredState, staying: readonly KnownPatch[], required: RequiredEvidence): void {
  const { callbacks } = patch;
  const holders = findStateHolders(staying, state);
  const lost = holders.length === 0;
  const notPromised: Reason = { code: 'RESTORE_NOT_PROMISED', ...about(patch, state), detail: 'turned round, only its post_unpatch runs' };
  if (lost && state.restore === 'IMPOSSIBLE') reasons.push({ code: 'STATE_IRREVERSIBLE', ...about(patch, state) });
  if (callbacks === null || callbacks.preUnpatch || (!callbacks.postUnpatch && callbacks.postPatch)) reasons.push(notPromised);
  else if (state.restore === 'NOT_NEEDED') pushWeakWord(reasons, patch, required);
  else if (callbacks.postUnpatch) {
    if (state.restore === 'CALLBACKS') pushWeakWord(reasons, patch, required);
    else if (state.restore !== 'IMPOSSIBLE' || !lost) reasons.push(notPromised);
  } else if (lost) reasons.push({ code: 'STATE_NOT_RESTORED', ...about(patch, state) });
  else pushKeptInDoubt(reasons, holders, state, required);
  pushWeakCallbacks(reasons, patch, required);
}
