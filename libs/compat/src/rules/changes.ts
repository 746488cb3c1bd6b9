import type { Patch, State } from './patch.js';
import type { Reason } from '../reasons/reasons.js';
import { findState, klp55 } from './klp-5.5.js';
import type { Rules } from './rules.js';

/** One thing to change about one state of a declaration. */
export interface Change {
  readonly action: 'ADD' | 'RAISE' | 'DROP';
  readonly stateId: bigint;
  /** The version that the kernel sees today; null if it sees none. */
  readonly from: number | null;
  /** The version that it would have to see; null for `DROP`. */
  readonly to: number | null;
  /** The listed patches for whose sake, oldest first. */
  readonly holders: readonly string[];
  /** Not declaring the state at all would do as well. */
  readonly orDrop: boolean;
}

/**
 * Returns what would have to change in the declaration of `target` for the kernel to accept it on top of
 * `listed`.
 *
 * It says what the author would have to declare, and so to handle: a number alone makes the kernel accept,
 * and the harm silent.
 *
 * @returns one change for each state that is in the way, the fewest that do, in the order of the refusals;
 *   empty exactly when the kernel accepts already. null if no change of states would do: under
 *   `replace-set` functions may be in the way, or two sets want opposite things
 */
export function findChanges(target: Patch, listed: readonly Patch[], rules: Rules = klp55): Change[] | null {
  const refusals = rules.findStateRefusals(target, listed);
  const ids = new Set(refusals.flatMap(({ stateId }) => stateId ?? []));
  const changes = [...ids].map((id) => changeFor(id, refusals, target, listed, rules));
  return rules.findStateRefusals(applyChanges(target, changes), listed).length === 0 ? changes : null;
}

function changeFor(
  stateId: bigint,
  refusals: readonly Reason[],
  target: Patch,
  listed: readonly Patch[],
  rules: Rules,
): Change {
  const about = refusals.filter((reason) => reason.stateId === stateId);
  const needed = about.flatMap((reason) => reason.need ?? []);
  const from = findState(target, stateId)?.version ?? null;
  const change = { stateId, from, holders: [...new Set(about.map((reason) => reason.patch!))] };
  // Only a state that may not be shared is refused without a need.
  if (needed.length === 0) return { ...change, action: 'DROP', to: null, orDrop: false };
  const to = Math.max(...needed);
  if (from === null) return { ...change, action: 'ADD', to, orDrop: false };
  const without = rules.findStateRefusals(dropState(target, stateId), listed);
  return { ...change, action: 'RAISE', to, orDrop: without.every((reason) => reason.stateId !== stateId) };
}

/**
 * Returns the declaration with these changes.
 *
 * An entry that is added stands before an id 0, and one that is raised is the first with its id: there the
 * kernel sees it.
 */
export const applyChanges = (target: Patch, changes: readonly Change[]): Patch =>
  changes.reduce(applyChange, target);

function applyChange(target: Patch, { stateId, to }: Change): Patch {
  if (to === null) return dropState(target, stateId);
  const first = findState(target, stateId);
  const changed: State = { ...first, id: stateId, version: to };
  return {
    ...target,
    states:
      first === null
        ? [changed, ...target.states]
        : target.states.map((state) => (state === first ? changed : state)),
  };
}

/** The declaration without this state, however often it stands there. */
const dropState = (target: Patch, stateId: bigint): Patch => ({
  ...target,
  states: target.states.filter(({ id }) => id !== stateId),
});
