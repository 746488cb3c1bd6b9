import type { DeclaredState } from '../facts/declared.js';
import { atLeast, type RequiredEvidence } from '../facts/manifest.js';
import type { KnownPatch } from '../facts/resolve.js';
import { about, type Reason } from '../reasons/reasons.js';
import { findHoldingDoubts, findStateHolders } from './state-holders.js';

/** Returns whether the patch has a callback that runs when it is disabled; null if that cannot be read. */
export const hasUnpatchCallback = ({ callbacks }: KnownPatch): boolean | null =>
  callbacks === null ? null : callbacks.preUnpatch || callbacks.postUnpatch;

/** The facts of a reason about one state of a patch. */
export const aboutState = (patch: KnownPatch, state: DeclaredState) => ({
  ...about(patch),
  stateId: state.id,
  need: state.version,
});

/**
 * Returns why it is not certain that a state is restored when its patch is disabled.
 *
 * Mirrors `klp_unpatch_objects()` and the callbacks around it: they run, and the kernel does not check what
 * they did.
 *
 * @param holding the patches that are on the list while this one leaves it: what they hold need not be
 *   restored
 */
export function findDropped(
  patch: KnownPatch,
  state: DeclaredState,
  holding: readonly KnownPatch[],
  required: RequiredEvidence,
): readonly Reason[] {
  const holders = findStateHolders(holding, state);
  const lost = holders.length === 0;
  const unpatches = hasUnpatchCallback(patch);
  const facts = aboutState(patch, state);
  const irreversible: Reason[] =
    lost && state.restore === 'IMPOSSIBLE' ? [{ code: 'STATE_IRREVERSIBLE', ...facts }] : [];
  if (state.restore === 'NOT_NEEDED') return findWeakStatement(patch, required);
  if (unpatches === false) {
    if (!lost) return findHoldingDoubts(holders, state, required);
    return [...irreversible, { code: 'STATE_NOT_RESTORED', ...facts }];
  }
  if (unpatches && state.restore === 'CALLBACKS')
    return [...findWeakStatement(patch, required), ...findWeakCallbacks(patch, required)];
  return irreversible.length > 0 ? irreversible : [{ code: 'RESTORE_NOT_PROMISED', ...facts }];
}

/** A promise counts only if the author statement has the required evidence. */
export function findWeakStatement(patch: KnownPatch, required: RequiredEvidence): Reason[] {
  const evidence = patch.manifest?.author?.evidence;
  if (evidence !== undefined && atLeast(evidence, required.statement)) return [];
  const detail = `its author statement is ${evidence ?? 'missing'}, ${required.statement} is required`;
  return [{ code: 'EVIDENCE_TOO_WEAK', ...about(patch), detail }];
}

/** A promise about callbacks counts only if the callbacks themselves are known with the required evidence. */
export function findWeakCallbacks(patch: KnownPatch, required: RequiredEvidence): Reason[] {
  const { callbacksEvidence } = patch;
  if (callbacksEvidence !== null && atLeast(callbacksEvidence, required.facts)) return [];
  const detail = `its callbacks are ${callbacksEvidence ?? 'not known'}, ${required.facts} is required`;
  return [{ code: 'EVIDENCE_TOO_WEAK', ...about(patch), detail }];
}
