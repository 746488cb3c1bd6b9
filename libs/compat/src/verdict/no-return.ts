import { after, afterTransition } from '../routes/after.js';
import { type Plan, loadOver, type Route, noOp } from '../routes/plan.js';
import { DEFAULT_QUESTION, judge, judgeRoutes, type Question } from './judge.js';
import type { Manifest } from '../facts/manifest.js';
import { type KnownPatch, resolveManifest, type ResolvedSituation } from '../facts/resolve.js';
import { clearedBy, kindOf, type Reason, type VerdictKind } from '../reasons/reasons.js';
import { RULE_SETS, replacedBy } from '../rules/select.js';
import type { Catalog, Freshness } from '../facts/situation.js';
import type { Target } from '../routes/target.js';
import { isWorse, kindOfAll, type Verdict } from './verdict.js';

/** A target that an operator may want to return to. `TODAY` is the list before the installation. */
export type ReturnTarget = Target | { readonly kind: 'TODAY' };

/** What an installation does to one way back. */
export interface WayBack {
  readonly to: ReturnTarget;
  readonly today: Verdict;
  /** As it would be once the candidate is installed. */
  readonly afterwards: Verdict;
  /** It is open today: nothing blocks it, or only what waiting or rmmod clears. */
  readonly open: boolean;
  /** It is open today and no longer afterwards. */
  readonly closed: boolean;
  /** What closes it; empty exactly when it is not closed. */
  readonly reasons: readonly Reason[];
  /** The states among these. */
  readonly states: readonly bigint[];
}

/** Which ways back an installation closes, and what stands against the installation itself. */
export interface NoReturn {
  /**
   * The candidate's own verdict. Where it is REFUSED, what is said of the ways back is what would come of it
   * if it were not.
   */
  readonly installing: Verdict;
  readonly ways: readonly WayBack[];
}

/** The original code, today's list, and each of these builds. */
export const waysBackTo = (builds: readonly Manifest[] = []): ReturnTarget[] => [
  { kind: 'ORIGINAL' },
  { kind: 'TODAY' },
  ...builds.map((patch): ReturnTarget => ({ kind: 'PATCH', patch })),
];

const INSTALLING: readonly Route[] = ['NONE_NEEDED', 'REPLACE', 'STACK'];
/** A patch that was loaded over the list is replaced again, one that was loaded on top is disabled again. */
const TO_TODAY: readonly Route[] = ['NONE_NEEDED', 'REPLACE', 'DISABLE'];

/**
 * Returns which of today's ways back it would close to install this patch, and which states close them.
 *
 * The candidate is loaded over the list or on top of it, by its replace flag. If the flag is not known, the
 * worse of both is returned. The way back to today's list is judged by `REPLACE` and `DISABLE`, unless the
 * question names its routes.
 *
 * @param question as the gate would ask for the way back
 */
export function findNoReturn(
  host: ResolvedSituation,
  candidate: Manifest,
  catalog: Catalog,
  freshness: Freshness,
  question: Question = DEFAULT_QUESTION,
  destinations: readonly ReturnTarget[] = waysBackTo(),
): NoReturn {
  const hosts = installations(host, resolveManifest(candidate), question).map((plan) => after(host, plan));
  const ways = destinations.map((to): WayBack => {
    const from = (now: ResolvedSituation): Verdict =>
      leastBad(judgeWay(now, host, to, catalog, freshness, question));
    const [today, afterwards] = [
      from(host),
      hosts.map(from).reduce((worst, next) => (isWorse(lasting(next), lasting(worst)) ? next : worst)),
    ];
    const open = lasting(today) === 'SAFE';
    const reasons = open ? standing(afterwards) : [];
    return {
      to,
      today,
      afterwards,
      open,
      closed: reasons.length > 0,
      reasons,
      states: [...new Set(reasons.flatMap(({ stateId }) => stateId ?? []))],
    };
  });
  return {
    installing: judge(host, { kind: 'PATCH', patch: candidate }, catalog, freshness, {
      ...question,
      routes: INSTALLING,
    }),
    ways,
  };
}

/** Returns the plans that install it: none if it is listed already, two if its replace flag is not known. */
function installations(host: ResolvedSituation, load: KnownPatch, { rules }: Question): Plan[] {
  const { list } = afterTransition(host);
  if (list.some((patch) => patch.buildId === load.buildId)) return [noOp(list)];
  const out = replacedBy(load, list, rules === null ? host.rules.candidates : [RULE_SETS[rules]]);
  return (out === null ? [list, []] : [out]).map((replaced) => loadOver('REPLACE', load, replaced, list));
}

/** The verdicts on going there from this host, of which the other was today's. */
function judgeWay(
  now: ResolvedSituation,
  today: ResolvedSituation,
  to: ReturnTarget,
  catalog: Catalog,
  freshness: Freshness,
  question: Question,
): Verdict[] {
  const previous = to.kind === 'TODAY' ? settledList(today) : today.situation.previous;
  const host: ResolvedSituation = { ...now, situation: { ...now.situation, previous } };
  // A host that is there already needs no route.
  const named = question.routes && (['NONE_NEEDED', ...question.routes] as const);
  if (to.kind !== 'TODAY') return judgeRoutes(host, to, catalog, freshness, { ...question, routes: named });
  return judgeRoutes(host, { kind: 'PREVIOUS' }, catalog, freshness, {
    ...question,
    routes: named ?? TO_TODAY,
  });
}

/** The list by build-ids; null if a transition is open, or a build-id is not known. */
function settledList({ list, inTransition }: ResolvedSituation): string[] | null {
  const buildIds = list.flatMap(({ buildId }) => buildId ?? []);
  return inTransition === null && buildIds.length === list.length ? buildIds : null;
}

const passes = (reason: Reason): boolean => clearedBy(reason) === 'TIME' || clearedBy(reason) === 'RMMOD';

/** Returns the kind without the reasons that waiting or rmmod clears. */
const lasting = ({ reasons, allowed }: Verdict): VerdictKind =>
  kindOfAll(
    reasons.filter((reason) => !passes(reason)),
    allowed,
  );

/** Returns the reasons that neither waiting nor rmmod clears. */
const standing = ({ reasons, allowed }: Verdict): Reason[] =>
  reasons.filter(
    (reason) => kindOf(reason) !== 'ADVISORY' && !passes(reason) && !allowed.includes(reason.code),
  );

/** Returns the verdict that is best without what passes with time; among equals the cheapest. */
const leastBad = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.reduce((best, next) => (isWorse(lasting(best), lasting(next)) ? next : best));
