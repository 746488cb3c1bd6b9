import { effectiveStates, type Patch } from './patch.js';
import type { Reason } from '../reasons/reasons.js';
import { allOrNothing, findState } from './klp-5.5.js';
import type { Rules } from './rules.js';

/**
 * Why the kernel would refuse to enable `target`: a cumulative one must know every state that forbids
 * disabling.
 *
 * Versions are gone in this proposal, and non-cumulative patches are not checked.
 */
function findStateRefusals(target: Patch, listed: readonly Patch[]): Reason[] {
  if (!target.replace) return [];
  return listed.flatMap((holder) =>
    effectiveStates(holder.states)
      .filter((held) => held.blockDisable === true && findState(target, held.id) === null)
      .map((held): Reason => ({
        code: 'STATE_MISSING_IN_TARGET',
        patch: holder.name,
        stateId: held.id,
        need: held.version,
        have: null,
      })),
  );
}

/** Why the kernel would refuse to disable `patch`: any of its states may forbid it. */
function findDisableRefusals(patch: Patch): Reason[] {
  return effectiveStates(patch.states)
    .filter((state) => state.blockDisable === true)
    .map((state): Reason => ({ code: 'PATCH_BLOCKS_DISABLE', patch: patch.name, stateId: state.id }));
}

/**
 * Petr Mladek's proposal "states, callbacks and shadow variables merged" (v1 of 15 January 2025, key patch
 * d9026d12), in no released kernel.
 */
export const blockDisable: Rules = {
  name: 'block-disable',
  findStateRefusals,
  findDisableRefusals,
  replacedBy: allOrNothing,
};
