import { atLeast, type AuthorState, type Restore, type Wanted } from './manifest.js';
import type { State } from './patch.js';
import type { KnownPatch } from './recognise.js';
import type { Reason } from './reasons.js';

/** A state that a patch is known to modify: what the kernel compares, and what the author's word adds. */
export interface DeclaredState extends State {
  readonly restore: Restore;
}

const CAUTION: Record<Restore, number> = { IMPOSSIBLE: 3, UNKNOWN: 2, CALLBACKS: 1, NOT_NEEDED: 0 };

/** Where an author speaks twice of one state, the more cautious word holds. */
const moreCautious = (a: Restore, b: Restore): Restore => (CAUTION[a] >= CAUTION[b] ? a : b);

/** Which states is the patch known to modify, by kernel and author together? One entry for each id, at its highest version. */
export function declare(states: readonly State[] | null, author: readonly AuthorState[]): DeclaredState[] {
  const versions = new Map<bigint, number>();
  for (const { id, version } of [...(states ?? []), ...author]) versions.set(id, Math.max(versions.get(id) ?? 0, version));
  const words = new Map<bigint, Restore>();
  for (const { id, restore } of author) words.set(id, moreCautious(words.get(id) ?? restore, restore));
  return [...versions].map(([id, version]) => ({ id, version, restore: words.get(id) ?? 'UNKNOWN' }));
}

const covers = (wanted: State) => (own: State): boolean => own.id === wanted.id && own.version >= wanted.version;

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
  if (first.doubts.length === 0) reasons.push({ code: 'EVIDENCE_TOO_WEAK', patch: first.name, buildId: first.buildId, detail: `that it holds state ${state.id} is not known well enough` });
}
