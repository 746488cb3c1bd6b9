import { doubtOrder, type Errno, errnoOf, kindOf, loaderOrder, type Reason } from '../reasons/reasons.js';

export type KernelAnswer = 'OK' | Errno | 'EACCES' | 'EAGAIN';

/** What the kernel would say. */
export interface Prediction {
  /** `UNKNOWN` if something that cannot be observed from outside could change the answer. */
  readonly answer: KernelAnswer | 'UNKNOWN';
  /** The answer if nothing of that comes true. */
  readonly likely: KernelAnswer;
  /** Why it would refuse, and what cannot be known. */
  readonly reasons: readonly Reason[];
  /** What cannot be known, as a sentence, if no reason has a code for it. */
  readonly doubt: string | null;
}

/** An answer about which nothing is hidden. */
export const certainly = (answer: KernelAnswer): Prediction => ({
  answer,
  likely: answer,
  reasons: [],
  doubt: null,
});

/** Neither acceptance nor the error number can be predicted, for this reason. */
export const cannotTell = (likely: KernelAnswer, reason: Reason): Prediction => ({
  answer: 'UNKNOWN',
  likely,
  reasons: [reason],
  doubt: null,
});

/**
 * Returns whether this reason has an error number. A module that is still loading has one, although it may go
 * soon.
 */
const refuses = (reason: Reason): boolean => kindOf(reason) === 'REFUSED' || reason.errno !== undefined;

/** Makes a prediction of reasons: the first refusal in the kernel's order, unless a doubt comes before it. */
export function summarise(reasons: readonly Reason[]): Prediction {
  const first = reasons.filter(refuses).sort((a, b) => loaderOrder(a) - loaderOrder(b))[0];
  const likely = first === undefined ? 'OK' : (errnoOf(first) ?? 'EINVAL');
  const refusedAt = first === undefined ? Number.POSITIVE_INFINITY : loaderOrder(first);
  const inDoubt =
    reasons.some((reason) => doubtOrder(reason) < refusedAt) ||
    (first !== undefined && kindOf(first) === 'UNKNOWN');
  return { answer: inDoubt ? 'UNKNOWN' : likely, likely, reasons, doubt: null };
}
