import { count } from '../parts/numbers.js';
import { BACK } from '../texts/back.js';

/** What the sentence is about. */
export interface Decided {
  readonly matched: number;
  readonly limitedByScope: boolean;
  readonly counts: {
    readonly safe: number;
    readonly unknown: number;
    readonly unsafe: number;
    readonly refused: number;
    readonly accepted: number;
  };
  /** The groups of hosts, if all of them are there. */
  readonly cohorts: readonly {
    readonly hosts: number;
    readonly verdict: { readonly kind: string; readonly route: string | null };
  }[];
  readonly isComplete: boolean;
}

export interface Sentence {
  readonly answer: 'yes' | 'no' | 'cannotTell';
  readonly why: string;
}

/**
 * The verdict in words, as `klpreg can-i-downgrade` says it: harm and refusals first, then doubts, then yes.
 */
export function sentenceOf({ matched, limitedByScope, counts, cohorts, isComplete }: Decided): Sentence {
  const { safe, unknown, unsafe, refused, accepted } = counts;
  if (unsafe + refused > 0) {
    const there = cohorts
      .filter(({ verdict }) => verdict.kind === 'UNSAFE' && verdict.route === 'NONE_NEEDED')
      .reduce((sum, { hosts }) => sum + hosts, 0);
    const already = isComplete ? Math.min(there, unsafe) : 0;
    const parts = [
      refused > 0 ? BACK.refused(count(refused)) : '',
      unsafe > already ? BACK.harmed(count(unsafe - already)) : '',
      already > 0 ? BACK.alreadyThere(count(already), already === 1) : '',
    ].filter((part) => part !== '');
    return { answer: 'no', why: BACK.no(count(unsafe + refused), count(matched), parts.join(', ')) };
  }
  if (limitedByScope) return { answer: 'cannotTell', why: BACK.limited };
  const allowed = accepted - safe;
  if (unknown > allowed)
    return { answer: 'cannotTell', why: BACK.cannotTell(count(unknown - allowed), count(matched)) };
  if (matched === 0) return { answer: 'cannotTell', why: BACK.noHost };
  return { answer: 'yes', why: BACK.yes(count(matched), matched === 1, allowed === 0 ? '' : count(allowed)) };
}
