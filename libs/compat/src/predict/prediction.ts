import { type Errno, errnoOf, kindOf, loaderOrder, type Reason } from '../reasons.js';

export type Answer = 'OK' | Errno | 'EACCES' | 'EAGAIN';

/** What the kernel would say. */
export interface Prediction {
  /** `UNKNOWN` where something that no one sees from outside could make it another answer. */
  readonly answer: Answer | 'UNKNOWN';
  /** The answer if nothing of that comes true. */
  readonly likely: Answer;
  /** Why it would refuse, and what cannot be known. */
  readonly reasons: readonly Reason[];
}

/** An answer about which nothing is hidden. */
export const certainly = (answer: Answer): Prediction => ({ answer, likely: answer, reasons: [] });

/** Which answer do these reasons make? The first refusal in the kernel's order, unless a doubt stands before it. */
export function weigh(reasons: readonly Reason[]): Prediction {
  const first = reasons.filter((reason) => kindOf(reason) === 'REFUSED').sort((a, b) => loaderOrder(a) - loaderOrder(b))[0];
  const likely = first === undefined ? 'OK' : (errnoOf(first) ?? 'EINVAL');
  const refusedAt = first === undefined ? Number.POSITIVE_INFINITY : loaderOrder(first);
  return { answer: reasons.some((reason) => doubtOrder(reason) < refusedAt) ? 'UNKNOWN' : likely, likely, reasons };
}

const STATE_CHECK = 4;

/** Where in the kernel's order would this doubt come true? What is not known of a patch, in the state check; which rules hold decides that check. */
function doubtOrder(reason: Reason): number {
  // With symbol versions the loader may take what was built for another kernel.
  if (reason.code === 'TARGET_BUILT_FOR_OTHER_KERNEL') return 0;
  if (kindOf(reason) !== 'UNKNOWN') return Number.POSITIVE_INFINITY;
  if (reason.code === 'RULES_UNKNOWN') return STATE_CHECK - 1;
  const order = loaderOrder(reason);
  return Number.isFinite(order) ? order : STATE_CHECK;
}
