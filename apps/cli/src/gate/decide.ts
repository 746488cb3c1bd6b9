import { EXIT, Failure } from '../exits.js';
import type { Verdict } from '../registry/answers.js';
import { contradiction } from './consistent.js';
import type { FleetAnswer } from './fleet.js';
import { formatInstant } from './point-in-time.js';
import type { Tolerance } from './question.js';

/** What a gate lets pass beside SAFE. */
export interface Gate {
  readonly maxRefused: Tolerance;
  readonly allowEmpty: boolean;
}

/** The exit code, and the sentence that says why, and as of when where that is not now. */
export interface Decision {
  readonly exit: typeof EXIT.YES | typeof EXIT.NO | typeof EXIT.CANNOT_TELL;
  readonly answer: 'yes' | 'no' | 'cannot tell';
  readonly why: string;
}

const yes = (why: string): Decision => ({ exit: EXIT.YES, answer: 'yes', why });
const no = (why: string): Decision => ({ exit: EXIT.NO, answer: 'no', why });
const cannotTell = (why: string): Decision => ({ exit: EXIT.CANNOT_TELL, answer: 'cannot tell', why });

/**
 * May the pipeline go on?
 *
 * Any no is a no, whatever else cannot be told; then anything that cannot be told; a yes is what is left. In this order:
 * an answer that contradicts itself is none (4), harm and refusals (1), what was not seen or not told (3), yes (0).
 *
 * Of a moment of the past it is the same decision: it answers what was asked, and its sentence names the moment.
 *
 * @returns yes only if every host that matched is SAFE, or is refused within the tolerance without hiding harm or doubt behind the refusal
 * @throws Failure 4 where the answer cannot be relied on
 */
export function decide(answer: FleetAnswer, gate: Gate): Decision {
  const broken = contradiction(answer);
  if (broken !== null) throw broken;
  const decision = decideSound(answer, gate);
  return answer.asOf === null ? decision : { ...decision, why: `as of ${formatInstant(answer.asOf)}, ${decision.why}` };
}

function decideSound(answer: FleetAnswer, gate: Gate): Decision {
  const { counts, matched } = answer;

  if (counts.unsafe > 0) return no(explainNo(answer));
  const tolerated = Math.floor('hosts' in gate.maxRefused ? gate.maxRefused.hosts : (gate.maxRefused.percent * matched) / 100);
  if (counts.refused > tolerated)
    return no(explainNo(answer, tolerated > 0 ? `, of which at most ${tolerated} ${tolerated === 1 ? 'is' : 'are'} tolerated` : ''));
  const hidden = answer.cohorts.filter((cohort) => cohort.verdict.kind === 'REFUSED' && hides(cohort.verdict)).reduce((sum, cohort) => sum + cohort.hosts, 0);
  if (hidden > 0) return no(`${hosts(hidden)} would be refused, with harm or doubt behind the refusal; such are never tolerated`);

  if (answer.limitedByScope) return cannotTell('the token sees only some of the hosts that were asked about');
  if (!answer.steady) return cannotTell('the fleet kept changing while its answer was read');
  if (counts.unknown > 0) return cannotTell(`${counts.unknown} of ${hosts(matched)} cannot be judged`);
  if (counts.refused > 0 && !answer.complete) return cannotTell('there are more cohorts than were read, so the refused ones cannot be checked for harm');
  if (matched === 0) return gate.allowEmpty ? yes('matched 0 hosts, which was allowed') : cannotTell('matched 0 hosts');
  if (counts.refused > 0) return yes(`${counts.safe} of ${hosts(matched)} can go, and ${counts.refused} would be refused, which is tolerated`);
  return yes(matched === 1 ? 'the host can go' : `all ${matched} hosts can go`);
}

/** Is there, behind this refusal, harm or a doubt that the question did not allow? */
const hides = ({ reasons, allowed }: Verdict): boolean =>
  reasons.some((reason) => reason.kind === 'UNSAFE' || (reason.kind === 'UNKNOWN' && !allowed.includes(reason.code)));

const hosts = (count: number): string => (count === 1 ? '1 host' : `${count} hosts`);

function explainNo({ counts, matched }: FleetAnswer, tolerance = ''): string {
  const parts = [counts.refused > 0 ? `${counts.refused} would be refused` : null, counts.unsafe > 0 ? `${counts.unsafe} would be harmed` : null].filter(
    (part) => part !== null,
  );
  return `${counts.refused + counts.unsafe} of ${hosts(matched)} must not go: ${parts.join(', ')}${tolerance}`;
}

/**
 * May waiting alone change this decision?
 *
 * Yes where it cannot be told, or where every no goes away with time: nothing but refusals, and each of them cleared by `TIME`.
 */
export function mayChange(decision: Decision, answer: FleetAnswer): boolean {
  if (decision.exit === EXIT.CANNOT_TELL) return true;
  if (decision.exit !== EXIT.NO || answer.counts.unsafe > 0 || !answer.complete) return false;
  return answer.cohorts
    .filter((cohort) => cohort.verdict.kind === 'REFUSED')
    .every(({ verdict }) => verdict.reasons.every((reason) => (reason.kind === 'REFUSED' ? reason.clearedBy === 'TIME' : reason.kind !== 'UNSAFE')));
}

/** Is the registry only out of reach for now? */
export const mayRecover = (error: unknown): boolean => error instanceof Failure && error.exit === EXIT.UNREACHABLE;
