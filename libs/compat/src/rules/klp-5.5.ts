import type { Patch, State } from './patch.js';
import type { Reason } from '../reasons/reasons.js';
import type { Replacing, Rules } from './rules.js';

/**
 * Why the kernel would refuse to enable `target` on top of `listed`.
 *
 * Mirrors `klp_is_patch_compatible()`: every state of every listed patch must be acceptable to the incoming one.
 * The kernel stops at the first refusal; we name them all, because an operator has to clear them all.
 *
 * @returns refusals in stack order; empty exactly when the kernel would say yes.
 * @see https://docs.kernel.org/livepatch/system-state.html#livepatch-compatibility
 */
export function findStateRefusals(target: Patch, listed: readonly Patch[]): Reason[] {
  const refusals: Reason[] = [];
  // Builds of one line declare their states in one order: where no id stands twice, the next entry is most often the one.
  const inOrder = target.distinct === true ? target.states : [];
  let next = 0;
  for (const holder of listed) {
    for (const held of holder.states) {
      if (held.id === 0n) break;
      const guess = inOrder[next++];
      if (guess !== undefined && guess.id === held.id && guess.version >= held.version) continue;
      const refusal = refuseState(target, held, holder.name);
      if (refusal !== null) refusals.push(refusal);
    }
  }
  return refusals;
}

/**
 * Why would the target not be accepted over this one held state?
 *
 * Mirrors `klp_is_state_compatible()`: a cumulative patch must have the id, and whoever has it must have it at no lower version.
 */
function refuseState(target: Patch, held: State, holder: string): Reason | null {
  const own = findState(target, held.id);
  if (own === null) return target.replace ? { code: 'STATE_MISSING_IN_TARGET', patch: holder, stateId: held.id, need: held.version, have: null } : null;
  return own.version < held.version ? { code: 'STATE_VERSION_TOO_LOW', patch: holder, stateId: held.id, need: held.version, have: own.version } : null;
}

/** Which entry counts for this id? Mirrors `klp_get_state()`: the first one before an id 0. */
export function findState(patch: Patch, id: bigint): State | null {
  for (const state of patch.states) {
    if (state.id === 0n) return null;
    if (state.id === id) return state;
  }
  return null;
}

/** Whom does it throw out? A cumulative patch every other, another one none. Mirrors `klp_patch.replace`. */
export function allOrNothing<P extends Replacing>(target: Replacing, listed: readonly P[]): readonly P[] | null {
  if (listed.length === 0) return listed;
  return target.replace === null ? null : target.replace ? listed : [];
}

/** Linux 5.5 to 7.3: the state check at enabling (commits 73727f4d, 92c9abf5), none at disabling. */
export const klp55: Rules = {
  name: 'klp-5.5',
  findStateRefusals,
  findDisableRefusals: () => [],
  replacedBy: allOrNothing,
};
