import { atLeast, type RequiredEvidence } from '../facts/manifest.js';
import type { State } from '../rules/patch.js';
import type { KnownPatch } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';

/** Is the state, at this version or a later one, among these? */
function holds(states: readonly State[], required: State): boolean {
  for (const own of states) if (own.id === required.id && own.version >= required.version) return true;
  return false;
}

/** Which of these patches hold the state too, at this version or a later one? */
export const findStateHolders = (patches: readonly KnownPatch[], state: State): KnownPatch[] => patches.filter((patch) => holds(patch.declared, state));

/** Are this patch's kernel states known well enough? */
export const isSure = ({ doubts, evidence, states }: KnownPatch, required: RequiredEvidence): boolean =>
  doubts.length === 0 && states !== null && evidence !== null && atLeast(evidence, required.facts);

/** Is it known well enough that this patch holds the state: by its module, or by its author's word? */
function surelyHolds(holder: KnownPatch, state: State, required: RequiredEvidence): boolean {
  if (holder.doubts.length > 0) return false;
  if (isSure(holder, required) && holds(holder.states!, state)) return true;
  const word = holder.manifest?.author;
  return word != null && atLeast(word.evidence, required.word) && holds(word.states, state);
}

/** Is it known well enough that one of these patches holds the state? */
export function anySurelyHolds(patches: readonly KnownPatch[], state: State, required: RequiredEvidence): boolean {
  for (const patch of patches) if (surelyHolds(patch, state, required)) return true;
  return false;
}

/** What makes it doubtful that one of these patches really holds the state? Nothing, where one of them surely does. */
export function pushKeptInDoubt(reasons: Reason[], holders: readonly KnownPatch[], state: State, required: RequiredEvidence): void {
  const [first] = holders;
  if (first === undefined || anySurelyHolds(holders, state, required)) return;
  reasons.push(...first.doubts);
  if (first.doubts.length === 0)
    reasons.push({ code: 'EVIDENCE_TOO_WEAK', patch: first.name, buildId: first.buildId, detail: `that it holds state ${state.id} is not known well enough` });
}
