import { type Errno, errnoOf, natureOf, type Reason, type ReasonCode } from './reasons.js';

/** What can make disabling fail; the kernel looks at no state then. */
const AT_DISABLING = new Set<ReasonCode>(['TRANSITION_IN_PROGRESS', 'PATCH_BLOCKS_DISABLE']);

/**
 * With which error number would an attempt fail? The first in the kernel's own order of refusing.
 *
 * @param disablesFirst then it may never get as far as the loader
 * @param from what stands before this place says nothing of the attempt
 */
export function predictErrno(reasons: readonly Reason[], disablesFirst: boolean, from = 0): Errno | null {
  let first: Reason | null = null;
  let earliest = Number.POSITIVE_INFINITY;
  for (let i = from; i < reasons.length; i++) {
    const reason = reasons[i]!;
    const { kind, order: usual } = natureOf(reason);
    if (kind !== 'REFUSED') continue;
    if (disablesFirst && AT_DISABLING.has(reason.code)) return errnoOf(reason);
    const order = reason.errno === 'ENOEXEC' ? 1 : usual;
    if (first !== null && order >= earliest) continue;
    first = reason;
    earliest = order;
  }
  return first === null ? null : errnoOf(first);
}
