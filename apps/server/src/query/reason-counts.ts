import { kindOf, type Reason, type Verdict } from '@klpreg/compat';
import { boundedCache } from '../bounded-cache.js';
import type { SituationCount } from '../store/counts/fleet-counts.js';

/** A situation with its hosts and their verdict. */
export interface JudgedSituation {
  readonly count: SituationCount;
  readonly verdict: Verdict;
}

/** A reason and the number of hosts that have it. */
export interface CountedReason {
  readonly reason: Reason;
  readonly hosts: number;
}

/** A reason without what differs from host to host, or from build to build of the same patch. */
const shared = ({
  code,
  patch,
  buildId,
  stateId,
  have,
  need,
  other,
  function: redirected,
  route,
  clearedBy,
  errno,
  detail,
  raised,
}: Reason): Reason => ({
  code,
  ...(patch !== undefined && { patch }),
  ...(patch === undefined && buildId !== undefined && { buildId }),
  ...(stateId !== undefined && { stateId }),
  ...(have !== undefined && { have }),
  ...(need !== undefined && { need }),
  ...(other !== undefined && { other }),
  ...(redirected !== undefined && { function: redirected }),
  ...(route !== undefined && { route }),
  ...(clearedBy !== undefined && { clearedBy }),
  ...(errno !== undefined && { errno }),
  ...(detail !== undefined && code !== 'REPORT_STALE' && { detail }),
  ...(raised !== undefined && { raised }),
});

/** Identifies what `shared` keeps of a reason. */
export const reasonKey = ({
  code,
  patch,
  buildId,
  stateId,
  have,
  need,
  other,
  function: redirected,
  route,
  clearedBy,
  errno,
  detail,
  raised,
}: Reason): string =>
  [
    code,
    patch ?? buildId,
    stateId,
    have,
    need,
    other,
    redirected,
    route,
    clearedBy,
    errno,
    code === 'REPORT_STALE' ? undefined : detail,
    raised,
  ]
    .map((part) => part ?? '')
    .join('\0');

/** A reason in the form in which it is counted. */
interface Countable {
  /** Identifies the object, so that lists of them compare fast. */
  readonly number: number;
  readonly key: string;
  readonly reason: Reason;
}

/** The different reasons of a verdict. The same verdicts are counted for every question. */
const countableReasons = new WeakMap<Verdict, readonly Countable[]>();
/**
 * The same object for equal reasons and for equal lists, if possible: counting by object is faster than by
 * text.
 */
const byKey = boundedCache<Countable>(10_000);
const listByNumbers = boundedCache<readonly Countable[]>(10_000);
let numbers = 0;

function intern(key: string, reason: Reason): Countable {
  const known = byKey.get(key);
  if (known !== undefined) return known;
  const countable = { number: numbers++, key, reason: shared(reason) };
  byKey.set(key, countable);
  return countable;
}

function countableReasonsOf(verdict: Verdict): readonly Countable[] {
  const known = countableReasons.get(verdict);
  if (known !== undefined) return known;
  const own = [...new Map(verdict.reasons.map((reason) => [reasonKey(reason), reason]))].map(
    ([key, reason]) => intern(key, reason),
  );
  const text = own.map(({ number }) => number).join(' ');
  const list = listByNumbers.get(text) ?? own;
  listByNumbers.set(text, list);
  countableReasons.set(verdict, list);
  return list;
}

/** Returns the reasons with the number of hosts that have them: advisories last, most hosts first. */
export function countReasons(situations: readonly JudgedSituation[]): CountedReason[] {
  // thousands of situations have a few hundred different lists of reasons
  const lists = new Map<readonly Countable[], number>();
  for (const { count, verdict } of situations) {
    const list = countableReasonsOf(verdict);
    lists.set(list, (lists.get(list) ?? 0) + count.hosts);
  }
  const sums = new Map<Countable, number>();
  for (const [list, hosts] of lists)
    for (const reason of list) sums.set(reason, (sums.get(reason) ?? 0) + hosts);
  const counted = new Map<string, { key: string; reason: Reason; hosts: number; order: number }>();
  for (const [{ key, reason }, hosts] of sums) {
    const entry = counted.get(key);
    if (entry === undefined)
      counted.set(key, { key, reason, hosts, order: kindOf(reason) === 'ADVISORY' ? 1 : 0 });
    else entry.hosts += hosts;
  }
  return [...counted.values()]
    .toSorted((a, b) => a.order - b.order || b.hosts - a.hosts || (a.key < b.key ? -1 : 1))
    .map(({ reason, hosts }) => ({ reason, hosts }));
}
