import { type Criteria, pushAgainst } from '../checks/against.js';
import { CHEAPEST_BRIDGE, findBridge } from './bridge.js';
import { fileToLoad, type Trust } from '../checks/signature.js';
import { type Plan, stagesOf, type Route, stepsOf } from '../routes/plan.js';
import { findListedTargetDoubts, pushHostDoubts } from '../checks/doubts.js';
import { destinationOf } from '../routes/destination.js';
import type { Evidence } from '../facts/manifest.js';
import { comparePrices, priceOf } from '../routes/price.js';
import type { ResolvedSituation } from '../facts/resolve.js';
import { append, type Reason } from '../reasons/reasons.js';
import { type Plans, findPlans } from '../routes/routes.js';
import type { RuleSet } from '../rules/rules.js';
import { chooseRules } from '../rules/select.js';
import { WITNESSES } from '../facts/sighting-counts.js';
import type { Catalog, Freshness } from '../facts/situation.js';
import { resolveTarget, type Target } from '../routes/target.js';
import type { Step } from '../routes/steps.js';
import { bestFirst, unreachable, type Searched, verdict, type Verdict } from './verdict.js';

const NONE: readonly never[] = [];

/** What is asked, beside the target. */
export interface Question {
  /** Routes that may be taken; null: `NONE_NEEDED` and `REPLACE`, for `ORIGINAL` `NONE_NEEDED` and `DISABLE`. */
  readonly routes: readonly Route[] | null;
  /** How well states must be known; promises need this or `MANIFEST`, whichever is weaker. */
  readonly evidence: Evidence;
  readonly maxAgeSeconds: number;
  /** Judge under these rules instead of the kernel's own. */
  readonly rules: RuleSet | null;
  /** UNKNOWN codes that the question accepts. The kind stays. */
  readonly allow: readonly string[];
  /** Distinct machines that must have shown a build for its doubts to be cleared; at least two count. */
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
  witnesses: WITNESSES,
  sharedSigningKeys: false,
};

/** The verdict on a host that was made known and never reported. */
export const neverReported = (question: Question): Verdict => unreachable([{ code: 'NEVER_REPORTED' }], question.allow, { sets: [], basis: 'NOTHING' });

/**
 * Can this host go to this target, by which route, and if not, exactly why not?
 *
 * Pure: everything was loaded before. Among the routes that are asked for, the cheapest acceptable one is answered, else the least bad.
 */
export const judge = (host: ResolvedSituation, target: Target, catalog: Catalog, freshness: Freshness, question: Question = DEFAULT_QUESTION): Verdict =>
  judgeEach(host, target, catalog, freshness, question, true)[0]!;

/** The verdict on each route that is asked for and leads there: the most acceptable first, among these the cheapest; never empty. */
export const judgeRoutes = (
  host: ResolvedSituation,
  target: Target,
  catalog: Catalog,
  freshness: Freshness,
  question: Question = DEFAULT_QUESTION,
): Verdict[] => judgeEach(host, target, catalog, freshness, question, false);

/** @param onlyTheBest whoever wants no more need not search a bridge that could not be better */
function judgeEach(host: ResolvedSituation, target: Target, catalog: Catalog, freshness: Freshness, question: Question, onlyTheBest: boolean): Verdict[] {
  const rules = question.rules === null ? host.rules : chooseRules(host.situation.capabilities, host.situation.kernelRelease, question.rules);
  const { evidence, witnesses, sharedSigningKeys } = question;
  const criteria: Criteria = { rules, catalog, evidence, witnesses: witnesses > WITNESSES ? witnesses : WITNESSES, sharedSigningKeys };
  const before: Reason[] = [];
  pushHostDoubts(before, host, freshness, question.maxAgeSeconds);
  const resolved = resolveTarget(target, host, catalog, rules.candidates);
  append(before, resolved.reasons);
  const destination = destinationOf(resolved, host, rules.candidates);
  // If no route leads there, nothing can be allowed.
  if (destination === null) return [unreachable(before, [], rules.told)];

  const found = findPlans(destination, target, question.routes);
  // What was on an earlier list is known by build-ids alone.
  const onTarget = target.kind === 'PREVIOUS' ? NONE : findListedTargetDoubts(host, destination.build?.buildId ?? null, question.evidence);
  const always = found.reasons.length + onTarget.length === 0 ? before : [...before, ...found.reasons, ...onTarget];
  const verdicts = judgePlans(found.plans, always, host, criteria, question.allow);
  if (verdicts.length > 1) verdicts.sort(bestFirst);
  if (question.routes?.includes('BRIDGE') === true && !found.there && !(onlyTheBest && isUnbeatable(verdicts[0]))) {
    const { plan, searched } = findBridge(destination, target, criteria, question.allow);
    if (plan !== null) return [...verdicts, { ...judgePlan(plan, [...before, ...onTarget], host, criteria, question.allow), searched }].sort(bestFirst);
    if (verdicts.length === 0) return [unreachable([...before, ...noBridge(found, searched), ...onTarget], [], rules.told)];
  }
  return verdicts.length > 0 ? verdicts : [unreachable(always, [], rules.told)];
}

/** @param always what speaks against every plan */
function judgePlans(plans: readonly Plan[], always: readonly Reason[], host: ResolvedSituation, criteria: Criteria, allow: readonly string[]): Verdict[] {
  if (plans.length === 0) return [];
  // Most often there is one.
  const verdicts = [judgePlan(plans[0]!, always, host, criteria, allow)];
  for (let i = 1; i < plans.length; i++) verdicts.push(judgePlan(plans[i]!, always, host, criteria, allow));
  return verdicts;
}

function judgePlan(plan: Plan, always: readonly Reason[], host: ResolvedSituation, criteria: Criteria, allow: readonly string[]): Verdict {
  const said: Reason[] = [];
  append(said, always);
  const errno = pushAgainst(said, plan, host, criteria);
  return verdict(
    { route: plan.route, steps: withFiles(stepsOf(plan), plan, host, criteria), price: priceOf(plan, host), errno },
    said,
    allow,
    criteria.rules.told,
  );
}

/** A LOAD step names the file to load. */
function withFiles(steps: readonly Step[], plan: Plan, host: ResolvedSituation, trust: Trust): readonly Step[] {
  const loads = stagesOf(plan).flatMap(({ load }) => load ?? []);
  if (loads.length === 0) return steps;
  const fileOf = new Map(loads.map((load) => [load.buildId, fileToLoad(load, host, trust)]));
  return steps.map((step) => (step.action === 'LOAD' ? { ...step, sha256: fileOf.get(step.buildId ?? null) ?? null } : step));
}

/** Could no bridge be better? */
const isUnbeatable = (best: Verdict | undefined): boolean => best?.kind === 'SAFE' && comparePrices(best.price!, CHEAPEST_BRIDGE) <= 0;

const noBridge = ({ reasons }: Plans, { tried, of }: Searched): Reason[] =>
  reasons.map((reason) => ({ ...reason, detail: `${reason.detail}; of ${of} builds that could be a bridge ${tried} were tried` }));
