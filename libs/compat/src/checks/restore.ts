import type { DeclaredState } from '../facts/declared.js';
import { findStateHolders, pushKeptInDoubt } from './state-holders.js';
import { atLeast, type RequiredEvidence } from '../facts/manifest.js';
import type { KnownPatch } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';

/** Has the patch a callback that runs when it is disabled? null where that cannot be read. */
export const hasUnpatchCallback = (patch: KnownPatch): boolean | null =>
  patch.callbacks === null ? null : patch.callbacks.preUnpatch || patch.callbacks.postUnpatch;

/** The facts of a reason about one state of a patch. */
export const about = (patch: KnownPatch, state: DeclaredState) => ({ patch: patch.name, buildId: patch.buildId, stateId: state.id, need: state.version });

/**
 * What becomes of one state when its patch is disabled: restored as its author promises, or why that is not certain?
 *
 * Mirrors `klp_unpatch_objects()` and the callbacks around it: they run, and no one checks what they did.
 *
 * @param holding the patches that are on the list while this one leaves it: what they hold too need not be restored
 */
export function pushDropped(reasons: Reason[], patch: KnownPatch, state: DeclaredState, holding: readonly KnownPatch[], required: RequiredEvidence): void {
  const holders = findStateHolders(holding, state);
  const lost = holders.length === 0;
  const unpatches = hasUnpatchCallback(patch);
  if (lost && state.restore === 'IMPOSSIBLE') reasons.push({ code: 'STATE_IRREVERSIBLE', ...about(patch, state) });
  if (state.restore === 'NOT_NEEDED') pushWeakWord(reasons, patch, required);
  else if (unpatches === false) {
    if (lost) reasons.push({ code: 'STATE_NOT_RESTORED', ...about(patch, state) });
    else pushKeptInDoubt(reasons, holders, state, required);
  } else if (unpatches && state.restore === 'CALLBACKS') {
    pushWeakWord(reasons, patch, required);
    pushWeakCallbacks(reasons, patch, required);
  } else if (state.restore !== 'IMPOSSIBLE' || !lost) reasons.push({ code: 'RESTORE_NOT_PROMISED', ...about(patch, state) });
}

/** A promise counts only if its author's word is known well enough. */
export function pushWeakWord(reasons: Reason[], patch: KnownPatch, required: RequiredEvidence): void {
  const word = patch.manifest?.author?.evidence;
  if (word === undefined || !atLeast(word, required.word)) {
    reasons.push({
      code: 'EVIDENCE_TOO_WEAK',
      patch: patch.name,
      buildId: patch.buildId,
      detail: `its author's word is ${word ?? 'missing'}, ${required.word} is required`,
    });
  }
}

/** A promise of callbacks counts only if it is known well enough that there are any. */
export function pushWeakCallbacks(reasons: Reason[], patch: KnownPatch, required: RequiredEvidence): void {
  const known = patch.callbacksEvidence;
  if (known === null || !atLeast(known, required.facts)) {
    reasons.push({
      code: 'EVIDENCE_TOO_WEAK',
      patch: patch.name,
      buildId: patch.buildId,
      detail: `its callbacks are ${known ?? 'not known'}, ${required.facts} is required`,
    });
  }
}
