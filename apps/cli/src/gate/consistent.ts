import { type Failure, unexpected } from '../exits.js';
import type { ReasonKind, Verdict } from '../registry/generated/operations.js';
import { KINDS } from '../registry/kinds.js';
import type { FleetAnswer } from './fleet.js';

/**
 * Checks an answer for contradictions, because a gate acts on it.
 *
 * @returns the first contradiction; null if there is none
 */
export function contradiction(answer: FleetAnswer): Failure | null {
  const { counts, matched } = answer;
  const wrong = (what: string) =>
    unexpected(
      `the registry's answer contradicts itself: ${what}`,
      'is the registry newer than this program?',
    );
  if (counts.safe + counts.unknown + counts.unsafe + counts.refused !== counts.total)
    return wrong('its counts do not add up');
  if (counts.total !== matched) return wrong(`it matched ${matched} hosts and counts ${counts.total}`);
  if (counts.harmful < counts.unsafe || counts.harmful > matched - counts.safe)
    return wrong(`${counts.harmful} hosts have an UNSAFE reason, ${counts.unsafe} are UNSAFE`);
  const worst = KINDS.findLast((kind) => counts[countOf(kind)] > 0) ?? 'UNKNOWN';
  // nothing is known of hosts out of the scope
  const isDoubtful = answer.limitedByScope && worst === 'SAFE' && answer.kind === 'UNKNOWN';
  if (worst !== answer.kind && !isDoubtful)
    return wrong(`it says ${answer.kind} and counts ${counts[countOf(worst)]} hosts as ${worst}`);
  if (counts.accepted < counts.safe || counts.accepted > counts.safe + counts.unknown)
    return wrong(
      `it accepts ${counts.accepted} hosts, ${counts.safe} are SAFE and ${counts.unknown} UNKNOWN`,
    );
  if (
    answer.cohorts.some(
      ({ verdict }) => verdict.kind === 'SAFE' && verdict.reasons.some(({ kind }) => kind !== 'ADVISORY'),
    )
  )
    return wrong('a cohort is SAFE and has a reason not to be');
  if (answer.cohorts.some(({ verdict }) => verdict.accepted && !isAcceptable(verdict)))
    return wrong('a cohort is accepted and has a reason that was not allowed');
  if (
    answer.steady &&
    answer.reasons.some(({ hosts, reason }) => !isAdvisory(reason) && hosts > matched - counts.safe)
  )
    return wrong('more hosts have a reason not to be SAFE than are not SAFE');
  if (!answer.complete || !answer.steady) return null;
  const hostsOf = (is: (verdict: Verdict) => boolean) =>
    answer.cohorts.filter((cohort) => is(cohort.verdict)).reduce((sum, cohort) => sum + cohort.hosts, 0);
  for (const kind of KINDS) {
    const hosts = hostsOf((verdict) => verdict.kind === kind);
    if (hosts !== counts[countOf(kind)])
      return wrong(`it counts ${counts[countOf(kind)]} hosts as ${kind}, and its cohorts have ${hosts}`);
  }
  const harmed = hostsOf(({ reasons }) => reasons.some((reason) => reason.kind === 'UNSAFE'));
  if (harmed !== counts.harmful)
    return wrong(`it counts ${counts.harmful} hosts with an UNSAFE reason, and its cohorts have ${harmed}`);
  const accepted = hostsOf((verdict) => verdict.accepted);
  if (accepted !== counts.accepted)
    return wrong(`it accepts ${counts.accepted} hosts, and its cohorts have ${accepted}`);
  return null;
}

const isAdvisory = ({ kind }: { readonly kind: ReasonKind }): boolean => kind === 'ADVISORY';

/** Returns true for SAFE without a reason against it, and for UNKNOWN for nothing but allowed reasons. */
export const isAcceptable = (verdict: Verdict): boolean =>
  isClear(verdict) &&
  (verdict.kind === 'SAFE'
    ? verdict.reasons.every(isAdvisory)
    : verdict.kind === 'UNKNOWN' && !verdict.reasons.every(isAdvisory));

/** Returns true if every reason is an advisory or an allowed UNKNOWN. */
const isClear = ({ reasons, allowed }: Verdict): boolean =>
  reasons.every(
    (reason) => isAdvisory(reason) || (reason.kind === 'UNKNOWN' && allowed.includes(reason.code)),
  );

const countOf = (kind: (typeof KINDS)[number]) => kind.toLowerCase() as Lowercase<typeof kind>;
