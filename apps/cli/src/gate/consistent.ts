import { type Failure, unexpected } from '../exits.js';
import { KINDS } from '../registry/answers.js';
import type { FleetAnswer } from './fleet.js';

/**
 * Does this answer contradict itself?
 *
 * A gate acts on it, so nothing in it is taken on trust: what does not add up is no answer.
 *
 * @returns why not; null where it is sound
 */
export function contradiction(answer: FleetAnswer): Failure | null {
  const { counts, matched } = answer;
  const wrong = (what: string) => unexpected(`the registry's answer contradicts itself: ${what}`, 'is the registry newer than this program?');
  if (counts.safe + counts.unknown + counts.unsafe + counts.refused !== counts.total) return wrong('its counts do not add up');
  if (counts.total !== matched) return wrong(`it matched ${matched} hosts and counts ${counts.total}`);
  if (counts.harmful < counts.unsafe || counts.harmful > matched - counts.safe) return wrong(`${counts.harmful} hosts have an UNSAFE reason, ${counts.unsafe} are UNSAFE`);
  const worst = KINDS.findLast((kind) => counts[countOf(kind)] > 0) ?? 'UNKNOWN';
  if (worst !== answer.kind) return wrong(`it says ${answer.kind} and counts ${counts[countOf(worst)]} hosts as ${worst}`);
  if (!answer.complete || !answer.steady) return null;
  for (const kind of KINDS) {
    const hosts = answer.cohorts.filter((cohort) => cohort.verdict.kind === kind).reduce((sum, cohort) => sum + cohort.hosts, 0);
    if (hosts !== counts[countOf(kind)]) return wrong(`it counts ${counts[countOf(kind)]} hosts as ${kind}, and its cohorts have ${hosts}`);
  }
  return null;
}

const countOf = (kind: (typeof KINDS)[number]) => kind.toLowerCase() as Lowercase<typeof kind>;
