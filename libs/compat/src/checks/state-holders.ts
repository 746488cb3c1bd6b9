import { atLeast, type RequiredEvidence } from '../facts/manifest.js';
import type { KnownPatch } from '../facts/resolve.js';
import { about, type Reason } from '../reasons/reasons.js';
import type { State } from '../rules/patch.js';

/** Returns whether the state, at this version or a later one, is among these. */
const holds = (states: readonly State[], { id, version }: State): boolean =>
  states.some((own) => own.id === id && own.version >= version);

/** Returns those of these patches that hold the state too, at this version or a later one. */
export const findStateHolders = (patches: readonly KnownPatch[], state: State): KnownPatch[] =>
  patches.filter((patch) => holds(patch.declared, state));

/**
 * Returns whether this patch's kernel states are known well enough. Without a doubt there is a source, and
 * its states can be read.
 */
export const isSure = ({ doubts, evidence }: KnownPatch, required: RequiredEvidence): boolean =>
  doubts.length === 0 && atLeast(evidence!, required.facts);

/**
 * Returns whether the evidence is sufficient that this patch holds the state: by its module, or by its
 * author.
 */
function surelyHolds(holder: KnownPatch, state: State, required: RequiredEvidence): boolean {
  if (holder.doubts.length > 0) return false;
  if (isSure(holder, required) && holds(holder.states!, state)) return true;
  const statement = holder.manifest?.author;
  return (
    statement != null && atLeast(statement.evidence, required.statement) && holds(statement.states, state)
  );
}

/** Returns whether the evidence is sufficient that one of these patches holds the state. */
export const anySurelyHolds = (
  patches: readonly KnownPatch[],
  state: State,
  required: RequiredEvidence,
): boolean => patches.some((patch) => surelyHolds(patch, state, required));

/**
 * Returns why it is doubtful that one of these patches holds the state. Empty if one of them surely does.
 *
 * @param holders at least one
 */
export function findHoldingDoubts(
  holders: readonly KnownPatch[],
  state: State,
  required: RequiredEvidence,
): readonly Reason[] {
  if (anySurelyHolds(holders, state, required)) return [];
  const first = holders[0]!;
  if (first.doubts.length > 0) return first.doubts;
  const detail = `that it modifies state ${state.id} is not known well enough`;
  return [{ code: 'EVIDENCE_TOO_WEAK', ...about(first), detail }];
}
