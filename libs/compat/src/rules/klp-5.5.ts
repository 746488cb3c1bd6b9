import type { Reason } from '../reasons/reasons.js';
import type { Patch, State } from './patch.js';
import type { Replacing, Rules } from './rules.js';

/**
 * Returns why the kernel would refuse to enable `target` on top of `listed`.
 *
 * Mirrors `klp_is_patch_compatible()`: every state of every listed patch must be compatible with the target.
 * The kernel stops at the first refusal. All are returned here, because an operator has to clear them all.
 *
 * @returns refusals in stack order; empty exactly if the kernel would accept
 * @see https://docs.kernel.org/livepatch/system-state.html#livepatch-compatibility
 */
export function findStateRefusals(target: Patch, listed: readonly Patch[]): Reason[] {
  const refusals: Reason[] = [];
  for (const patch of listed) {
    for (const state of patch.states) {
      if (state.id === 0n) break;
      if (!isStateCompatible(target, state)) refusals.push(refusalOf(target, state, patch.name));
    }
  }
  return refusals;
}

/**
 * Mirrors `klp_is_state_compatible()`: a cumulative patch must have the id, and no patch may have a lower
 * version.
 */
function isStateCompatible(target: Patch, old: State): boolean {
  const state = findState(target, old.id);
  if (state === null) return !target.replace;
  return state.version >= old.version;
}

/** Mirrors `klp_get_state()`: the first entry with this id, if it is before an id 0. */
export function findState(patch: Patch, id: bigint): State | null {
  for (const state of patch.states) {
    if (state.id === 0n) return null;
    if (state.id === id) return state;
  }
  return null;
}

function refusalOf(target: Patch, old: State, holder: string): Reason {
  const have = findState(target, old.id)?.version ?? null;
  const code = have === null ? 'STATE_MISSING_IN_TARGET' : 'STATE_VERSION_TOO_LOW';
  return { code, patch: holder, stateId: old.id, need: old.version, have };
}

/** Mirrors `klp_patch.replace`: a cumulative patch replaces every other one, another patch replaces none. */
export function allOrNothing<P extends Replacing>(
  target: Replacing,
  listed: readonly P[],
): readonly P[] | null {
  if (listed.length === 0) return listed;
  return target.replace === null ? null : target.replace ? listed : [];
}

/**
 * Linux 5.5 to 7.3: the state check when a patch is enabled (commits 73727f4d, 92c9abf5), none when it is
 * disabled.
 */
export const klp55: Rules = {
  name: 'klp-5.5',
  findStateRefusals,
  findDisableRefusals: () => [],
  replacedBy: allOrNothing,
};
