import { findAdvisories } from './advisories.js';
import type { Course, Route } from './course.js';
import { findHostDoubts, findListedTargetDoubts, findPatchDoubts } from './doubts.js';
import { findHarm, findHarmDone } from './harm.js';
import { findLoaderDoubts, findLoaderRefusals } from './loader.js';
import { type Evidence, type Wanted, weaker } from './manifest.js';
import { recogniseManifest, type Scene } from './recognise.js';
import type { Reason } from './reasons.js';
import { findRefusals } from './refusals.js';
import { findCourses } from './routes.js';
import type { RuleSet } from './rules/rules.js';
import { chooseRules, type RulesChoice } from './rules/select.js';
import type { Catalog, Freshness } from './situation.js';
import { resolveTarget, type Target } from './target.js';
import { isWorse, verdict, type Verdict } from './verdict.js';

/** What is asked, beside the target. */
export interface Question {
  /** Routes that may be taken; null: `NONE_NEEDED` and `REPLACE`, for `ORIGINAL` `NONE_NEEDED` and `DISABLE`. */
  readonly routes: readonly Route[] | null;
  /** How well states must be known; promises need this or `MANIFEST`, whichever is weaker. */
  readonly evidence: Evidence;
  readonly maxAgeSeconds: number;
  /** Judge under these rules instead of the kernel's own. */
  readonly rules: RuleSet | null;
  /** UNKNOWN codes that are waved through. */
  readonly allow: readonly string[];
}

export const DEFAULT_QUESTION: Question = { routes: null, evidence: 'MODULE', maxAgeSeconds: 900, rules: null, allow: [] };

/** The verdict on a host that was made known and never reported. */
export const neverReported = (question: Question): Verdict => verdict(null, [], [{ code: 'NEVER_REPORTED' }], question.allow, { sets: [], basis: 'NOTHING' });

/**
 * Can this host go to this target, by which route, and if not, exactly why not?
 *
 * Pure: everything was loaded before. Among the routes that are asked for, the cheapest acceptable one is answered, else the least bad.
 */
export function judge(scene: Scene, target: Target, catalog: Catalog, freshness: Freshness, question: Question = DEFAULT_QUESTION): Verdict {
  const verdicts = judgeRoutes(scene, target, catalog, freshness, question);
  return verdicts.reduce((best, next) => (isWorse(best.kind, next.kind) ? next : best));
}

/** The verdict on each route that is asked for and leads there, cheapest first; never empty. */
export function judgeRoutes(scene: Scene, target: Target, catalog: Catalog, freshness: Freshness, question: Question = DEFAULT_QUESTION): Verdict[] {
  const rules = chooseRules(scene.situation.capabilities, scene.situation.kernelRelease, question.rules);
  const basis = { sets: rules.candidates.map((candidate) => candidate.name), basis: rules.basis };
  const onHost = findHostDoubts(scene, freshness, question.maxAgeSeconds);
  const resolved = resolveTarget(target, scene, catalog);
  // Where no way leads there, nothing can be waved through.
  if (resolved.final === null) return [verdict(null, [], [...onHost, ...resolved.reasons], [], basis)];

  const build = resolved.build === null ? null : recogniseManifest(resolved.build);
  const { courses, reasons } = findCourses(scene, target, resolved.final, build, question.routes, rules.candidates);
  // What was on an earlier list is known by build-ids alone.
  const onTarget = target.kind === 'PREVIOUS' ? [] : findListedTargetDoubts(scene, build?.buildId ?? null, question.evidence);
  const before = [...onHost, ...resolved.reasons, ...reasons, ...onTarget];
  if (courses.length === 0) return [verdict(null, [], before, [], basis)];
  return courses.map((course) =>
    verdict(course.route, course.steps, [...before, ...judgeCourse(course, scene, rules, catalog, question)], question.allow, basis),
  );
}

/** Every reason against one course, the kernel's own first; none twice. */
function judgeCourse(course: Course, scene: Scene, rules: RulesChoice, catalog: Catalog, question: Question): Reason[] {
  const wanted: Wanted = { facts: weaker(question.evidence, 'MODULE'), word: weaker(question.evidence, 'MANIFEST') };
  const refusals = findRefusals(course, scene, rules);
  const reasons = [...findLoaderRefusals(course, scene), ...refusals.reasons];
  if (course.load !== null) reasons.push(...findLoaderDoubts(course.load, scene, catalog));
  if (scene.inTransition !== null && course.route !== 'NONE_NEEDED')
    reasons.push({ code: 'TRANSITION_IN_PROGRESS', patch: scene.inTransition.name, buildId: scene.inTransition.buildId });
  reasons.push(...findPatchDoubts(course, scene, question.evidence));
  reasons.push(...findHarm(course, scene, refusals.states, wanted), ...findHarmDone(scene, wanted), ...findAdvisories(course, scene));
  return reasons;
}
