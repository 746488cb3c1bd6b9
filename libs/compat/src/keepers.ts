import { atLeast, type Wanted } from './manifest.js';
import type { State } from './patch.js';
import type { KnownPatch } from './recognise.js';
import type { Reason } from './reasons.js';

const covers =
  (wanted: State) =>
  (own: State): boolean =>
    own.id === wanted.id && own.version >= wanted.version;

/** Which of these patches hold the state too, at this version or a later one? */
export const findKeepers = (patches: readonly KnownPatch[], state: State): KnownPatch[] => patches.filter((patch) => patch.declared.some(covers(state)));

/** Is it known well enough that this patch holds the state: by its module, or by its author's word? */
function surelyKeeps(keeper: KnownPatch, state: State, wanted: Wanted): boolean {
  if (keeper.doubts.length > 0) return false;
  if (keeper.evidence !== null && atLeast(keeper.evidence, wanted.facts) && keeper.states?.some(covers(state)) === true) return true;
  const word = keeper.manifest?.author;
  return word != null && atLeast(word.evidence, wanted.word) && word.states.some(covers(state));
}

/** What makes it doubtful that one of these patches really holds the state? Nothing, where one of them surely does. */
export function pushKeptInDoubt(reasons: Reason[], keepers: readonly KnownPatch[], state: State, wanted: Wanted): void {
  const [first] = keepers;
  if (first === undefined || keepers.some((keeper) => surelyKeeps(keeper, state, wanted))) return;
  reasons.push(...first.doubts);
  if (first.doubts.length === 0)
    reasons.push({ code: 'EVIDENCE_TOO_WEAK', patch: first.name, buildId: first.buildId, detail: `that it holds state ${state.id} is not known well enough` });
}
