import type { Evidence } from './manifest.js';
import type { Patch, State } from '../rules/patch.js';
import type { Reason } from '../reasons/reasons.js';
import type { UnlistedBy, Situation } from './situation.js';

/** What is read and changed here of a patch with everything that is known of it. */
interface Known {
  readonly name: string;
  readonly buildId: string | null;
  readonly replace: boolean | null;
  readonly states: readonly State[] | null;
  readonly evidence: Evidence | null;
  readonly undeclared: boolean;
  readonly rewritesBelow: boolean;
  readonly doubts: readonly Reason[];
  readonly transition: boolean;
  readonly asPatch: Patch | null;
}

/**
 * A patch whose states in memory are no longer those of its module. What was read from the running kernel
 * holds.
 */
function rewritten<P extends Known>(patch: P, by: Known): P {
  if (patch.evidence === 'LIVE' || patch.states === null) return patch;
  const doubt = {
    code: 'STATES_UNREADABLE',
    patch: patch.name,
    buildId: patch.buildId,
    other: by.name,
  } as const;
  return { ...patch, states: null, asPatch: null, undeclared: false, doubts: [...patch.doubts, doubt] };
}

/** The list once this patch is on top of it. */
export const listBelow = <P extends Known>(list: readonly P[], top: Known): readonly P[] =>
  top.rewritesBelow ? list.map((patch) => rewritten(patch, top)) : list;

/**
 * The list with the states of those patches unknown that another patch writes to.
 *
 * Mirrors `klp_get_prev_state()`, which hands out a pointer into the states of an older patch. What was
 * written stays when the writer leaves; only a cumulative patch that replaced the writer is above everything
 * that the writer could reach.
 */
export function withRewritten<P extends Known>(
  list: readonly P[],
  unlisted: readonly { readonly known: Known; readonly unlistedBy: UnlistedBy }[],
): readonly P[] {
  const earlier = unlisted.find(({ known, unlistedBy }) => known.rewritesBelow && unlistedBy !== 'REPLACED');
  if (earlier === undefined && !list.some(({ rewritesBelow }) => rewritesBelow)) return list;
  return list.map((patch, at) => {
    const by = list.slice(at + 1).find(({ rewritesBelow }) => rewritesBelow) ?? earlier?.known;
    return by === undefined ? patch : rewritten(patch, by);
  });
}

/**
 * A settled patch that is cumulative by its file and not alone: the file is wrong, or the list is. Where
 * sysfs shows the flag, the report is.
 */
export function withConflicts<P extends Known>(list: readonly P[], situation: Situation): readonly P[] {
  const isSettledAbove = (patch: P, at: number): boolean =>
    at > 0 && patch.replace === true && situation.list[at]!.replace === null && !patch.transition;
  if (!list.some(isSettledAbove)) return list;
  return list.map((patch, at) => {
    if (!isSettledAbove(patch, at)) return patch;
    const detail = 'it is cumulative by its file, and settled above another patch';
    return {
      ...patch,
      doubts: [
        ...patch.doubts,
        { code: 'EVIDENCE_CONFLICT', patch: patch.name, buildId: patch.buildId, detail },
      ],
    };
  });
}
