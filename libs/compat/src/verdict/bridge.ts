import { type Measure, pushAgainst } from '../checks/against.js';
import { after } from '../routes/after.js';
import { type Course, loadOver, type Route } from '../routes/course.js';
import type { Journey } from '../routes/journey.js';
import type { Manifest } from '../facts/manifest.js';
import { comparePrices, type Price, priceOf } from '../routes/price.js';
import type { Reason } from '../reasons/reasons.js';
import { resolveManifest, type ResolvedSituation } from '../facts/recognise.js';
import { findCourses } from '../routes/routes.js';
import { thrownOut } from '../rules/select.js';
import type { Target } from '../routes/target.js';
import { answerBy, compareAnswers, type Searched, type Verdict } from './verdict.js';

/** So many builds are tried as a bridge, and no more. */
export const BRIDGES_TRIED = 64;

/** By what a bridge may be left. */
const OFF_THE_BRIDGE: readonly Route[] = ['REPLACE', 'STACK', 'DISABLE', 'DISABLE_THEN_LOAD'];

/** No bridge costs less. */
export const CHEAPEST_BRIDGE: Price = { reboots: 0, transitionsUnpatched: 0, cvesReopened: [], transitions: 2 };

/** What the search found. */
export interface Bridge {
  /** null where no build leads there. */
  readonly course: Course | null;
  readonly searched: Searched;
}

interface Found {
  readonly course: Course;
  readonly answer: Pick<Verdict, 'kind' | 'accepted'>;
  readonly price: Price;
}

/**
 * Over which catalogued build could the host go, to leave it by a route that is not open today?
 *
 * The best answer of all that were tried: the most acceptable, among these the cheapest, among these by build-ids. Of a build that today's list
 * would refuse for its states nothing is tried, nor of one that is recalled.
 *
 * @param allow UNKNOWN codes that the question allows
 */
export function findBridge(journey: Journey, target: Target, measure: Measure, allow: readonly string[]): Bridge {
  const { scene } = journey;
  const builds = onto(journey, measure);
  let best: Found | null = null;
  for (const build of builds.slice(0, BRIDGES_TRIED)) {
    const first = ontoBridge(build, scene, measure);
    for (const second of findCourses({ ...journey, scene: after(scene, first) }, target, OFF_THE_BRIDGE).courses) {
      const course: Course = { ...first, next: [second, ...second.next].map((leg) => ({ ...leg, next: [] })) };
      const reasons: Reason[] = [];
      pushAgainst(reasons, course, scene, measure);
      const found: Found = { course, answer: answerBy(reasons, allow), price: priceOf(course, scene) };
      if (best === null || (compareAnswers(found.answer, best.answer) || comparePrices(found.price, best.price)) < 0) best = found;
    }
  }
  return { course: best?.course ?? null, searched: { tried: Math.min(builds.length, BRIDGES_TRIED), of: builds.length } };
}

/** Which builds for this kernel would take today's list, by build-id? */
function onto({ scene, final }: Journey, { rules, catalog }: Measure): Manifest[] {
  const { kernelRelease, arch } = scene.situation;
  const elsewhere = new Set([...final, ...scene.list.map((patch) => patch.buildId)]);
  const listed = scene.list.flatMap((patch) => patch.asPatch ?? []);
  const accepts = (build: Manifest): boolean => {
    const { asPatch } = resolveManifest(build);
    return asPatch !== null && rules.candidates.every((rule) => rule.findStateRefusals(asPatch, listed).length === 0);
  };
  const fits = (build: Manifest): boolean =>
    build.kernelRelease === kernelRelease && build.arch === arch && build.livepatch && !build.recalled && !elsewhere.has(build.buildId);
  return (catalog.bridges?.(kernelRelease, arch) ?? [])
    .filter((build) => fits(build) && accepts(build))
    .toSorted((a, b) => (a.buildId < b.buildId ? -1 : a.buildId > b.buildId ? 1 : 0));
}

function ontoBridge(build: Manifest, { list }: ResolvedSituation, { rules }: Measure): Course {
  const bridge = resolveManifest(build);
  return { ...loadOver('REPLACE', bridge, thrownOut(bridge, list, rules.candidates) ?? [], list), route: 'BRIDGE' };
}
