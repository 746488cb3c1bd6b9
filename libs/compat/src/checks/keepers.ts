import { atLeast, type Wanted } from '../facts/manifest.js';
import type { State } from '../rules/patch.js';
import type { KnownPatch } from '../facts/recognise.js';
import type { Reason } from '../reasons/reasons.js';

/** Is the state, at this version or a later one, among these? */
function holds(states: readonly State[], wanted: State): boolean {
  for (const own of states) if (own.id === wanted.id && own.version >= wanted.version) return true;
  return false;
}

/** Which of these patches hold the state too, at this version or a later one? */
export const findKeepers = (patches: readonly KnownPatch[], state: State): KnownPatch[] => patches.filter((patch) => holds(patch.declared, state));

/** Are this patch's kernel states known well enough? */
export const isSure = ({ doubts, evidence, states }: KnownPatch, wanted: Wanted): boolean =>
  doubts.length === 0 && states !== null && evidence !== null && atLeast(evidence, wanted.facts);

/** Is it known well enough that this patch holds the state: by its module, or by its author's word? */
function surelyKeeps(keeper: KnownPatch, state: State, wanted: Wanted): boolean {
  if (keeper.doubts.length > 0) return false;
  if (isSure(keeper, wanted) && holds(keeper.states!, state)) return true;
  const word = keeper.manifest?.author;
  return word != null && atLeast(word.evidence, wanted.word) && holds(word.states, state);
}

/** Is it known well enough that one of these patches holds the state? */
export function areSureToKeep(patches: readonly KnownPatch[], state: State, wanted: Wanted): boolean {
  for (const patch of patches) if (surelyKeeps(patch, state, wanted)) return true;
  return false;
}

/** What makes it doubtful that one of these patches really holds the state? Nothing, where one of them surely does. */
export function pushKeptInDoubt(reasons: Reason[], keepers: readonly KnownPatch[], state: State, wanted: Wanted): void {
  const [first] = keepers;
  if (first === undefined || areSureToKeep(keepers, state, wanted)) return;
  reasons.push(...first.doubts);
  if (first.doubts.length === 0)
    reasons.push({ code: 'EVIDENCE_TOO_WEAK', patch: first.name, buildId: first.buildId, detail: `that it holds state ${state.id} is not known well enough` });
}
