import { count } from '../parts/numbers.js';
import { ROLLOUT } from '../texts/rollout.js';
import { SHELL } from '../texts/shell.js';
import type { Rollout } from './generated/operations.js';

export interface Sentence {
  readonly answer: 'yes' | 'no' | 'cannotTell';
  readonly why: string;
}

const hosts = (n: number): string => SHELL.hosts(count(n), n === 1);

/**
 * The verdict in words, as `klpreg can-i-deploy` says it: harm, refusals and lost ways first, then doubts,
 * then yes.
 */
export function sentenceOf(
  answer: Pick<Rollout['canDeploy'], 'counts' | 'matched' | 'limitedByScope' | 'refusedInDoubt' | 'noReturn'>,
): Sentence {
  const { counts, matched, noReturn, refusedInDoubt } = answer;
  const against = [
    ...(counts.harmful > 0 ? [ROLLOUT.harmed(count(counts.harmful))] : []),
    ...(counts.refused > 0 ? [ROLLOUT.refused(count(counts.refused))] : []),
    ...(noReturn > 0 ? [ROLLOUT.noReturn(count(noReturn))] : []),
  ];
  if (against.length > 0) return { answer: 'no', why: ROLLOUT.against(hosts(matched), against.join(', ')) };
  if (answer.limitedByScope) return { answer: 'cannotTell', why: ROLLOUT.limited };
  if (refusedInDoubt > 0)
    return { answer: 'cannotTell', why: ROLLOUT.inDoubt(count(refusedInDoubt), hosts(matched)) };
  const unknown = counts.unknown - (counts.accepted - counts.safe);
  if (unknown > 0) return { answer: 'cannotTell', why: ROLLOUT.unknown(count(unknown), hosts(matched)) };
  if (matched === 0) return { answer: 'cannotTell', why: ROLLOUT.noHost };
  return { answer: 'yes', why: ROLLOUT.yes(count(matched), matched === 1) };
}

/** The point of no return in words: how many hosts would lose a way back, and by which states. */
export function pointOfNoReturn({
  matched,
  noReturn,
  ways,
}: {
  readonly matched: number;
  readonly noReturn: number;
  readonly ways: readonly { readonly states: readonly string[] }[];
}): string {
  if (noReturn === 0) return ROLLOUT.pointNone;
  const ids = [...new Set(ways.flatMap(({ states }) => states))].sort((a, b) =>
    BigInt(a) < BigInt(b) ? -1 : 1,
  );
  const states = ids.length === 0 ? '' : ROLLOUT.states(ids.join(', '), ids.length === 1);
  return ROLLOUT.pointSome(count(noReturn), hosts(matched), states);
}
