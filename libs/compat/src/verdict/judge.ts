import { type Measure, pushAgainst } from '../checks/against.js';
import { CHEAPEST_BRIDGE, findBridge } from './bridge.js';
import { fileToLoad, type Trust } from '../checks/signature.js';
import { type Course, legsOf, type Route, stepsOf } from '../routes/course.js';
import { findListedTargetDoubts, pushHostDoubts } from '../checks/doubts.js';
import { journeyTo } from '../routes/journey.js';
import type { Evidence } from '../facts/manifest.js';
import { comparePrices, priceOf } from '../routes/price.js';
import type { ResolvedSituation } from '../facts/recognise.js';
import { append, type Reason } from '../reasons/reasons.js';
import { type Courses, findCourses } from '../routes/routes.js';
import type { RuleSet } from '../rules/rules.js';
import { chooseRules } from '../rules/select.js';
import { WITNESSES } from '../facts/seen.js';
import type { Catalog, Freshness } from '../facts/situation.js';
import { resolveTarget, type Target } from '../routes/target.js';
import type { Step } from '../routes/steps.js';
import { bestFirst, noWay, type Searched, verdict, type Verdict } from './verdict.js';

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
export const neverReported = (question: Question): Verdict => noWay([{ code: 'NEVER_REPORTED' }], question.allow, { sets: [], basis: 'NOTHING' });

/**
 * Can this host go to this target, by which route, and if not, exactly why not?
 *
 * Pure: everything was loaded before. Among the routes that are asked for, the cheapest acceptable one is answered, else the least bad.
 */
export const judge = (scene: ResolvedSituation, target: Target, catalog: Catalog, freshness: Freshness, question: Question = DEFAULT_QUESTION): Verdict =>
  judgeEach(scene, target, catalog, freshness, question, true)[0]!;

/** The verdict on each route that is asked for and leads there: the most acceptable first, among these the cheapest; never empty. */
export const judgeRoutes = (
  scene: ResolvedSituation,
  target: Target,
  catalog: Catalog,
  freshness: Freshness,
  question: Question = DEFAULT_QUESTION,
): Verdict[] => judgeEach(scene, target, catalog, freshness, question, false);

/** @param onlyTheBest whoever wants no more need not search a bridge that could not be better */
function judgeEach(scene: ResolvedSituation, target: Target, catalog: Catalog, freshness: Freshness, question: Question, onlyTheBest: boolean): Verdict[] {
  const rules = question.rules === null ? scene.rules : chooseRules(scene.situation.capabilities, scene.situation.kernelRelease, question.rules);
  const { evidence, witnesses, sharedSigningKeys } = question;
  const measure: Measure = { rules, catalog, evidence, witnesses: witnesses > WITNESSES ? witnesses : WITNESSES, sharedSigningKeys };
  const before: Reason[] = [];
  pushHostDoubts(before, scene, freshness, question.maxAgeSeconds);
  const resolved = resolveTarget(target, scene, catalog, rules.candidates);
  append(before, resolved.reasons);
  const journey = journeyTo(resolved, scene, rules.candidates);
  // If no route leads there, nothing can be allowed.
  if (journey === null) return [noWay(before, [], rules.told)];

  const found = findCourses(journey, target, question.routes);
  // What was on an earlier list is known by build-ids alone.
  const onTarget = target.kind === 'PREVIOUS' ? NONE : findListedTargetDoubts(scene, journey.build?.buildId ?? null, question.evidence);
  const always = found.reasons.length + onTarget.length === 0 ? before : [...before, ...found.reasons, ...onTarget];
  const verdicts = judgeCourses(found.courses, always, scene, measure, question.allow);
  if (verdicts.length > 1) verdicts.sort(bestFirst);
  if (question.routes?.includes('BRIDGE') === true && !found.there && !(onlyTheBest && isUnbeatable(verdicts[0]))) {
    const { course, searched } = findBridge(journey, target, measure, question.allow);
    if (course !== null) return [...verdicts, { ...judgeCourse(course, [...before, ...onTarget], scene, measure, question.allow), searched }].sort(bestFirst);
    if (verdicts.length === 0) return [noWay([...before, ...noBridge(found, searched), ...onTarget], [], rules.told)];
  }
  return verdicts.length > 0 ? verdicts : [noWay(always, [], rules.told)];
}

/** @param always what speaks against every course */
function judgeCourses(courses: readonly Course[], always: readonly Reason[], scene: ResolvedSituation, measure: Measure, allow: readonly string[]): Verdict[] {
  if (courses.length === 0) return [];
  // Most often there is one.
  const verdicts = [judgeCourse(courses[0]!, always, scene, measure, allow)];
  for (let i = 1; i < courses.length; i++) verdicts.push(judgeCourse(courses[i]!, always, scene, measure, allow));
  return verdicts;
}

function judgeCourse(course: Course, always: readonly Reason[], scene: ResolvedSituation, measure: Measure, allow: readonly string[]): Verdict {
  const said: Reason[] = [];
  append(said, always);
  const errno = pushAgainst(said, course, scene, measure);
  return verdict(
    { route: course.route, steps: withFiles(stepsOf(course), course, scene, measure), price: priceOf(course, scene), errno },
    said,
    allow,
    measure.rules.told,
  );
}

/** A LOAD step names the file to load. */
function withFiles(steps: readonly Step[], course: Course, scene: ResolvedSituation, trust: Trust): readonly Step[] {
  const loads = legsOf(course).flatMap(({ load }) => load ?? []);
  if (loads.length === 0) return steps;
  const fileOf = new Map(loads.map((load) => [load.buildId, fileToLoad(load, scene, trust)]));
  return steps.map((step) => (step.action === 'LOAD' ? { ...step, sha256: fileOf.get(step.buildId ?? null) ?? null } : step));
}

/** Could no bridge be better? */
const isUnbeatable = (best: Verdict | undefined): boolean => best?.kind === 'SAFE' && comparePrices(best.price!, CHEAPEST_BRIDGE) <= 0;

const noBridge = ({ reasons }: Courses, { tried, of }: Searched): Reason[] =>
  reasons.map((reason) => ({ ...reason, detail: `${reason.detail}; of ${of} builds that could be a bridge ${tried} were tried` }));
