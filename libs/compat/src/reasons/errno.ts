import { doubtOrder, type Errno, errnoOf, loaderOrder, natureOf, type Reason, type ReasonCode } from './reasons.js';

/** What can make disabling fail; the kernel looks at no state then. */
const AT_DISABLING = new Set<ReasonCode>(['TRANSITION_IN_PROGRESS', 'PATCH_BLOCKS_DISABLE']);

/**
 * Returns the error number with which an attempt would fail: the first in the kernel's order of refusing.
 *
 * null: nothing refuses, or a doubt comes before the first refusal, so that the kernel may stop there with another number.
 *
 * @param disablesFirst then it may never get as far as the loader
 * @param from what stands before this place says nothing of the attempt
 */
export function predictErrno(reasons: readonly Reason[], disablesFirst: boolean, from = 0): Errno | null {
  let first: Reason | null = null;
  let earliest = Number.POSITIVE_INFINITY;
  let doubted = Number.POSITIVE_INFINITY;
  for (let i = from; i < reasons.length; i++) {
    const reason = reasons[i]!;
    if (natureOf(reason).kind !== 'REFUSED') {
      doubted = Math.min(doubted, doubtOrder(reason));
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
