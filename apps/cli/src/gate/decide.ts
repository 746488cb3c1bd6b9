import { EXIT, Failure } from '../exits.js';
import type { Verdict } from '../registry/generated/operations.js';
import { contradiction } from './consistent.js';
import type { FleetAnswer } from './fleet.js';
import { formatInstant } from './point-in-time.js';
import type { Tolerance } from './question.js';

/** What a gate accepts in addition to SAFE. */
export interface Gate {
  readonly maxRefused: Tolerance;
  readonly allowEmpty: boolean;
  /** The codes of `--allow`, and those of `--ignore-file`. They explain a yes. */
  readonly allow?: readonly string[];
  readonly ignored?: readonly string[];
}

/** The exit code, and its reason as a sentence, with the point in time unless that is the present. */
export interface Decision {
  readonly exit: typeof EXIT.YES | typeof EXIT.NO | typeof EXIT.CANNOT_TELL;
  readonly answer: 'yes' | 'no' | 'cannot tell';
  readonly why: string;
}

const yes = (why: string): Decision => ({ exit: EXIT.YES, answer: 'yes', why });
const no = (why: string): Decision => ({ exit: EXIT.NO, answer: 'no', why });
const cannotTell = (why: string): Decision => ({ exit: EXIT.CANNOT_TELL, answer: 'cannot tell', why });

/**
 * Decides whether the pipeline may go on.
 *
 * The order of precedence is: an answer that contradicts itself (4), harm and refusals (1), unknowns (3), yes
 * (0). A question about the past has the same decision. Its sentence names the point in time.
 *
 * @returns yes only if every matching host is accepted (SAFE, or
 *   UNKNOWN for nothing but allowed reasons), or is refused within
 *   the tolerance for no other reason
 * @throws Failure 4 if the answer contradicts itself
 */
export function decide(answer: FleetAnswer, gate: Gate): Decision {
  const broken = contradiction(answer);
  if (broken !== null) throw broken;
  const decision = decideSound(answer, gate);
  return answer.asOf === null
    ? decision
    : { ...decision, why: `as of ${formatInstant(answer.asOf)}, ${decision.why}` };
}

function decideSound(answer: FleetAnswer, gate: Gate): Decision {
  const { counts, matched } = answer;

  if (counts.unsafe > 0) return no(explainNo(answer));
  const tolerated = Math.floor(
    'hosts' in gate.maxRefused ? gate.maxRefused.hosts : (gate.maxRefused.percent * matched) / 100,
  );
  if (counts.refused > tolerated)
    return no(
      explainNo(
        answer,
        tolerated > 0 ? `, of which at most ${tolerated} ${tolerated === 1 ? 'is' : 'are'} tolerated` : '',
      ),
    );
  const hidden = answer.cohorts
    .filter((cohort) => cohort.verdict.kind === 'REFUSED' && hides(cohort.verdict))
    .reduce((sum, cohort) => sum + cohort.hosts, 0);
  if (hidden > 0)
    return no(
      `${hosts(hidden)} would be refused, and would also be harmed or cannot be judged; this is never ` +
        'tolerated',
    );

  if (answer.limitedByScope) return cannotTell('the token is limited to some of the matching hosts');
  if (!answer.steady) return cannotTell('the fleet kept changing while the answer was read');
  const allowed = counts.accepted - counts.safe;
  if (counts.unknown > allowed)
    return cannotTell(`${counts.unknown - allowed} of ${hosts(matched)} cannot be judged`);
  if (allowed > 0 && !answer.complete)
    return cannotTell('there are too many cohorts to check the hosts whose UNKNOWN reasons are accepted');
  if (counts.refused > 0 && !answer.complete)
    return cannotTell('there are too many cohorts to check the refused hosts for harm');
  if (matched === 0)
    return gate.allowEmpty
      ? yes('no host matches, which --allow-empty accepts')
      : cannotTell('no host matches');
  const accepted = allowed === 0 ? '' : ` (${allowed} for reasons that ${acceptedBy(answer, gate)})`;
  if (counts.refused > 0)
    return yes(
      `${counts.accepted} of ${hosts(matched)} can be downgraded${accepted}; ${counts.refused} would be ` +
        'refused, which is tolerated',
    );
  return yes(`${matched === 1 ? 'the host' : `all ${matched} hosts`} can be downgraded${accepted}`);
}

/**
 * Says what accepts the reasons of hosts that are UNKNOWN: flags, or the policy without them; and waivers.
 */
function acceptedBy({ cohorts, waivers, policy }: FleetAnswer, { allow = [], ignored = [] }: Gate): string {
  const codes = new Set<string>(cohorts.flatMap(({ verdict }) => verdict.allowed));
  const waived = waivers.flatMap((waiver) => waiver.codes);
  const hasFlags = allow.length + ignored.length > 0;
  // what a rule accepts includes the codes of waivers
  const byRules = policy.rules
    .filter(({ rule }) => rule !== null && !hasFlags)
    .flatMap((rule) => rule.allow)
    .filter((code) => !waived.includes(code));
  const sources: readonly (readonly [name: string, codes: readonly string[]])[] = [
    ['--allow', allow],
    ['--ignore-file', ignored],
    ['the policy', byRules],
    ['a waiver', waived],
  ];
  const names = sources
    .filter(([, accepts]) => accepts.some((code) => codes.has(code)))
    .map(([name]) => name);
  if (names.length === 0) return 'the registry accepts';
  return `${names.join(' or ')} accepts`;
}

/** Returns true if a refused host also has an UNSAFE reason, or an UNKNOWN one that is not allowed. */
const hides = ({ reasons, allowed }: Verdict): boolean =>
  reasons.some(
    (reason) => reason.kind === 'UNSAFE' || (reason.kind === 'UNKNOWN' && !allowed.includes(reason.code)),
  );

const hosts = (count: number): string => (count === 1 ? '1 host' : `${count} hosts`);

function explainNo({ counts, matched, cohorts, complete }: FleetAnswer, tolerance = ''): string {
  const there = cohorts
    .filter(({ verdict }) => verdict.kind === 'UNSAFE' && verdict.route === 'NONE_NEEDED')
    .reduce((sum, cohort) => sum + cohort.hosts, 0);
  const already = complete ? Math.min(there, counts.unsafe) : 0;
  const harmed = counts.unsafe - already;
  const parts = [
    counts.refused > 0 ? `${counts.refused} would be refused` : null,
    harmed > 0 ? `${harmed} would be harmed` : null,
    already > 0 ? `${already} ${already === 1 ? 'is' : 'are'} already there, and not unharmed` : null,
  ].filter((part) => part !== null);
  return (
    `${counts.refused + counts.unsafe} of ${hosts(matched)} cannot be downgraded safely: ` +
    `${parts.join(', ')}${tolerance}`
  );
}

/**
 * Returns true if waiting alone may change the decision.
 *
 * This is so for "cannot tell", and for a no with nothing but refusals that `TIME` clears.
 */
export function mayChange(decision: Decision, answer: FleetAnswer): boolean {
  if (decision.exit === EXIT.CANNOT_TELL) return true;
  if (decision.exit !== EXIT.NO || answer.counts.unsafe > 0 || !answer.complete) return false;
  return answer.cohorts
    .filter((cohort) => cohort.verdict.kind === 'REFUSED')
    .every(({ verdict }) =>
      verdict.reasons.every((reason) =>
        reason.kind === 'REFUSED' ? reason.clearedBy === 'TIME' : reason.kind !== 'UNSAFE',
      ),
    );
}

/** Returns true for an error that may go away with time: the registry is unreachable. */
export const mayRecover = (error: unknown): boolean =>
  error instanceof Failure && error.exit === EXIT.UNREACHABLE;
