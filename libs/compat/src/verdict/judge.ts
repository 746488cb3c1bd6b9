import { type Criteria, findAgainst } from '../checks/against.js';
import { findHostDoubts, findListedTargetDoubts } from '../checks/doubts.js';
import { fileToLoad, type Trust } from '../checks/signature.js';
import type { Evidence } from '../facts/manifest.js';
import type { ResolvedSituation } from '../facts/resolve.js';
import { WITNESSES } from '../facts/sighting-counts.js';
import type { Catalog, Freshness } from '../facts/situation.js';
import type { Reason } from '../reasons/reasons.js';
import { destinationOf } from '../routes/destination.js';
import { type Plan, type Route, stagesOf, stepsOf } from '../routes/plan.js';
import { comparePrices, priceOf } from '../routes/price.js';
import { findPlans, type Plans } from '../routes/routes.js';
import type { Step } from '../routes/steps.js';
import { resolveTarget, type Target } from '../routes/target.js';
import type { RuleSet } from '../rules/rules.js';
import { chooseRules } from '../rules/select.js';
import { CHEAPEST_BRIDGE, findBridge } from './bridge.js';
import { bestFirst, type BridgeSearch, unreachable, verdict, type Verdict } from './verdict.js';

/** What a question may set, in addition to the target. */
export interface Question {
  /** Routes to consider; null: `NONE_NEEDED` and `REPLACE`, for `ORIGINAL` `NONE_NEEDED` and `DISABLE`. */
  readonly routes: readonly Route[] | null;
  /** Evidence that is required of states. Promises need this or `MANIFEST`, whichever is weaker. */
  readonly evidence: Evidence;
  readonly maxAgeSeconds: number;
  /** Judge under these rules instead of the kernel's own. */
  readonly rules: RuleSet | null;
  /** UNKNOWN codes that the question accepts. */
  readonly allow: readonly string[];
  /** Codes of advisories that count as UNSAFE, by a policy. Other codes are ignored. */
  readonly raise: readonly string[];
  /** Distinct machines that must have shown a build for its doubts to be cleared; at least two. */
  readonly witnesses: number;
  /** The machines of this fleet trust the same signing keys. */
  readonly sharedSigningKeys: boolean;
}

export const DEFAULT_QUESTION: Question = {
  routes: null,
  evidence: 'MODULE',
  maxAgeSeconds: 900,
  rules: null,
  allow: [],
  raise: [],
  witnesses: WITNESSES,
  sharedSigningKeys: false,
};

/** The verdict on a host that was added and has never reported. */
export const neverReported = (question: Question): Verdict =>
  unreachable([{ code: 'NEVER_REPORTED' }], question.allow, { sets: [], basis: 'NOTHING' });

/**
 * Judges whether this host can go to this target, and by which route. If not, the reasons say exactly why.
 *
 * Pure: everything is loaded before. Returns the cheapest acceptable one of the routes asked for, or the
 * least bad.
 */
export const judge = (
  host: ResolvedSituation,
  target: Target,
  catalog: Catalog,
  freshness: Freshness,
  question: Question = DEFAULT_QUESTION,
): Verdict => judgeEach(host, target, catalog, freshness, question, true)[0]!;

/**
 * Judges each route that is asked for and leads there. The most acceptable one comes first, then the
 * cheapest. Never empty.
 */
export const judgeRoutes = (
  host: ResolvedSituation,
  target: Target,
  catalog: Catalog,
  freshness: Freshness,
  question: Question = DEFAULT_QUESTION,
): Verdict[] => judgeEach(host, target, catalog, freshness, question, false);

/** @param onlyTheBest skips the search for a bridge that cannot be better */
function judgeEach(
  host: ResolvedSituation,
  target: Target,
  catalog: Catalog,
  freshness: Freshness,
  question: Question,
  onlyTheBest: boolean,
): Verdict[] {
  const { situation } = host;
  const { evidence, witnesses, sharedSigningKeys, routes, allow } = question;
  const rules =
    question.rules === null
      ? host.rules
      : chooseRules(situation.capabilities, situation.kernelRelease, question.rules);
  // Also if a caller passes no number: NaN witnesses would clear every doubt.
  const needed = witnesses > WITNESSES ? witnesses : WITNESSES;
  const criteria: Criteria = {
    rules,
    catalog,
    evidence,
    raise: question.raise,
    witnesses: needed,
    sharedSigningKeys,
  };
  const resolved = resolveTarget(target, host, catalog, rules.candidates);
  const before = [...findHostDoubts(host, freshness, question.maxAgeSeconds), ...resolved.reasons];
  const destination = destinationOf(resolved, host, rules.candidates);
  // If no route leads there, nothing can be allowed.
  if (destination === null) return [unreachable(before, [], rules.chosen)];

  const found = findPlans(destination, target, routes);
  // An earlier list is known by build-ids alone.
  const onTarget =
    target.kind === 'PREVIOUS'
      ? []
      : findListedTargetDoubts(host, destination.build?.buildId ?? null, evidence);
  const always = [...before, ...found.reasons, ...onTarget];
  const verdicts = found.plans.map((plan) => judgePlan(plan, always, host, criteria, allow)).sort(bestFirst);
  if (routes?.includes('BRIDGE') === true && !found.there && !(onlyTheBest && isUnbeatable(verdicts[0]))) {
    const { plan, searched } = findBridge(destination, target, criteria, allow);
    if (plan !== null) {
      const overBridge = { ...judgePlan(plan, [...before, ...onTarget], host, criteria, allow), searched };
      return [...verdicts, overBridge].sort(bestFirst);
    }
    if (verdicts.length === 0)
      return [unreachable([...before, ...noBridge(found, searched), ...onTarget], [], rules.chosen)];
  }
  return verdicts.length > 0 ? verdicts : [unreachable(always, [], rules.chosen)];
}

/** @param always reasons that stand against every plan */
function judgePlan(
  plan: Plan,
  always: readonly Reason[],
  host: ResolvedSituation,
  criteria: Criteria,
  allow: readonly string[],
): Verdict {
  const { reasons, errno } = findAgainst(plan, host, criteria);
  const steps = withFiles(stepsOf(plan), plan, host, criteria);
  const judged = { route: plan.route, steps, price: priceOf(plan, host), errno };
  return verdict(judged, [...always, ...reasons], allow, criteria.rules.chosen);
}

/** A LOAD step names the file to load. */
function withFiles(
  steps: readonly Step[],
  plan: Plan,
  host: ResolvedSituation,
  trust: Trust,
): readonly Step[] {
  const loads = stagesOf(plan).flatMap(({ load }) => load ?? []);
  if (loads.length === 0) return steps;
  const fileOf = new Map(loads.map((load) => [load.buildId, fileToLoad(load, host, trust)]));
  return steps.map((step) =>
    step.action === 'LOAD' ? { ...step, sha256: fileOf.get(step.buildId ?? null) ?? null } : step,
  );
}

/** Returns whether no bridge could be better. */
const isUnbeatable = (best: Verdict | undefined): boolean =>
  best?.kind === 'SAFE' && comparePrices(best.price!, CHEAPEST_BRIDGE) <= 0;

const noBridge = ({ reasons }: Plans, { tried, of }: BridgeSearch): Reason[] =>
  reasons.map((reason) => ({
    ...reason,
    detail: `${reason.detail}; of ${of} builds that could be a bridge ${tried} were tried`,
  }));
