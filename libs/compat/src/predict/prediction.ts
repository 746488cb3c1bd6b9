import { doubtOrder, type Errno, errnoOf, kindOf, loaderOrder, type Reason } from '../reasons/reasons.js';

export type KernelAnswer = 'OK' | Errno | 'EACCES' | 'EAGAIN';

/** What the kernel would say. */
export interface Prediction {
  /** `UNKNOWN` where something that no one sees from outside could make it another answer. */
  readonly answer: KernelAnswer | 'UNKNOWN';
  /** The answer if nothing of that comes true. */
  readonly likely: KernelAnswer;
  /** Why it would refuse, and what cannot be known. */
  readonly reasons: readonly Reason[];
  /** What cannot be known, as a sentence, if no reason has a code for it. */
  readonly doubt: string | null;
}

/** An answer about which nothing is hidden. */
export const certainly = (answer: KernelAnswer): Prediction => ({ answer, likely: answer, reasons: [], doubt: null });

/** Cannot be told, for this reason: neither that the kernel accepts, nor with which error it refuses. */
export const cannotTell = (likely: KernelAnswer, reason: Reason): Prediction => ({ answer: 'UNKNOWN', likely, reasons: [reason], doubt: null });

/** Does this reason name an error number of the kernel? A module that is still loading does, although it may be gone a moment later. */
const refuses = (reason: Reason): boolean => kindOf(reason) === 'REFUSED' || reason.errno !== undefined;

/** Which answer do these reasons make? The first refusal in the kernel's order, unless a doubt stands before it. */
export function summarise(reasons: readonly Reason[]): Prediction {
  const first = reasons.filter(refuses).sort((a, b) => loaderOrder(a) - loaderOrder(b))[0];
  const likely = first === undefined ? 'OK' : (errnoOf(first) ?? 'EINVAL');
  const refusedAt = first === undefined ? Number.POSITIVE_INFINITY : loaderOrder(first);
  const inDoubt = reasons.some((reason) => doubtOrder(reason) < refusedAt) || (first !== undefined && kindOf(first) === 'UNKNOWN');
  return { answer: inDoubt ? 'UNKNOWN' : likely, likely, reasons, doubt: null };
}
