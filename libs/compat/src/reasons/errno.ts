import {
  doubtOrder,
  type Errno,
  errnoOf,
  isStateDoubt,
  loaderOrder,
  natureOf,
  type Reason,
  type ReasonCode,
} from './reasons.js';

/** Refusals that disabling a patch meets. The kernel compares no states then. */
const AT_DISABLING = new Set<ReasonCode>(['TRANSITION_IN_PROGRESS', 'PATCH_BLOCKS_DISABLE']);

/** What the operator attempts. */
export interface Attempt {
  /** A patch is disabled before anything is loaded, so the attempt may end before the module loader. */
  readonly disablesFirst: boolean;
  /** The patches whose states the kernel compares: the list, and what is loaded. */
  readonly compared: readonly { readonly name: string; readonly buildId: string | null }[];
}

/**
 * Returns the error number with which an attempt would fail: the first in the kernel's order of refusing.
 *
 * null: nothing refuses, or a doubt comes before the first refusal, so that the kernel may stop there with
 * another number.
 */
export function predictErrno(reasons: readonly Reason[], { disablesFirst, compared }: Attempt): Errno | null {
  // The kernel knows nothing of patches that left the list: what is in doubt about them changes no error
  // number.
  const isCompared = ({ patch, buildId }: Reason): boolean =>
    compared.some((each) => each.name === patch && each.buildId === (buildId ?? null));
  let first: Reason | null = null;
  let earliest = Number.POSITIVE_INFINITY;
  let doubted = Number.POSITIVE_INFINITY;
  for (const reason of reasons) {
    if (natureOf(reason).kind !== 'REFUSED') {
      if (!isStateDoubt(reason) || isCompared(reason)) doubted = Math.min(doubted, doubtOrder(reason));
      continue;
    }
    if (disablesFirst && AT_DISABLING.has(reason.code)) return errnoOf(reason);
    const order = loaderOrder(reason);
    if (first !== null && order >= earliest) continue;
    first = reason;
    earliest = order;
  }
  return first === null || doubted < earliest ? null : errnoOf(first);
}
