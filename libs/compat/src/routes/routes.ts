import { type Course, disableOnly, leadsTo, loadOver, type Route, ROUTES, stayPut, turnRound } from './course.js';
import { isListed, type Journey } from './journey.js';
import { loadCourse, makeWay, stackMore } from './loading.js';
import { rebootInto } from './reboot.js';
import type { KnownPatch, ResolvedSituation } from '../facts/recognise.js';
import type { Reason } from '../reasons/reasons.js';
import { thrownOut } from '../rules/select.js';
import type { Target } from './target.js';

// in the order of ROUTES
const FOR_ORIGINAL: readonly Route[] = ['NONE_NEEDED', 'DISABLE'];
const FOR_PATCHES: readonly Route[] = ['NONE_NEEDED', 'REPLACE'];

/** The routes of a gate that names none. */
const defaultRoutes = (target: Target): readonly Route[] => (target.kind === 'ORIGINAL' ? FOR_ORIGINAL : FOR_PATCHES);

/** The courses that lead to the final list, and what stands against finding any. */
export interface Courses {
  readonly courses: readonly Course[];
  readonly reasons: readonly Reason[];
  /** The host is settled on the final list: nothing need be done. */
  readonly there: boolean;
}

/**
 * Which of the routes that are asked for lead from today's list to the final one? `BRIDGE` is searched elsewhere.
 *
 * Where the list is settled and final already, nothing else is considered but a reboot: that sets right what was left behind. A reboot of which
 * nothing is told is an answer only where no other route is.
 *
 * @param asked null: the defaults of a gate. A non-cumulative target under these is judged along `STACK`, so that its reasons are seen, and is
 *   never a yes: what would stay below it was not asked about
 */
export function findCourses(journey: Journey, target: Target, asked: readonly Route[] | null): Courses {
  const { scene, final, build } = journey;
  const routes = asked ?? defaultRoutes(target);
  const there = isThere(scene, final);
  let courses: readonly Course[] = NONE;
  for (const route of asked === null ? routes : ROUTES) {
    if ((asked !== null && !asked.includes(route)) || (there && route !== 'NONE_NEEDED' && route !== 'REBOOT')) continue;
    const course = courseOf(route, journey, there);
    if (course === null || (route === 'REBOOT' && scene.situation.boot === null && courses.length > 0)) continue;
    if (course.route === 'NONE_NEEDED' || leadsTo(course, final)) courses = courses.length === 0 ? [course] : [...courses, course];
  }
  if (courses.length > 0) return { courses, reasons: NONE, there };
  if (there) return { ...none(routes, 'the host is there already: name the route NONE_NEEDED'), there };
  if (asked === null && build?.replace === false && !isListed(build, scene)) return onTopUnasked(journey, build);
  return none(routes, 'none of the routes asked for leads to that list');
}

const NONE: readonly never[] = [];
const none = (routes: readonly Route[], detail: string): Courses => ({
  courses: NONE,
  reasons: [{ code: 'TARGET_UNRESOLVED', route: routes.join(', '), detail }],
  there: false,
});

const onTopUnasked = ({ scene, rules }: Journey, build: KnownPatch): Courses => ({
  courses: [loadOver('STACK', build, thrownOut(build, scene.list, rules) ?? NONE, scene.list)],
  reasons: [
    { code: 'TARGET_UNRESOLVED', patch: build.name, route: 'STACK', detail: 'a non-cumulative target goes on top of what is listed: name the route STACK' },
  ],
  there: false,
});

/** Is the host settled on the final list? */
const isThere = (scene: ResolvedSituation, final: readonly (string | null)[]): boolean =>
  scene.inTransition === null && scene.list.length === final.length && scene.list.every((patch, i) => patch.buildId !== null && patch.buildId === final[i]);

/** The course of one route; null where the route does not lead there. */
function courseOf(route: Route, journey: Journey, there: boolean): Course | null {
  const { scene, final, build, more } = journey;
  switch (route) {
    case 'NONE_NEEDED':
      return there ? stayPut(scene.list) : null;
    case 'REVERSE':
      return scene.inTransition === null ? null : turnRound(scene.inTransition, scene.list);
    case 'REPLACE':
    case 'STACK':
      return build === null ? null : stackMore(loadCourse(route, build, journey), journey);
    case 'DISABLE':
      return disableCourse(scene, final);
    case 'DISABLE_THEN_LOAD':
      return build === null || more.length > 0 || isListed(build, scene) ? null : makeWay(build, journey);
    case 'REBOOT':
      return rebootInto(final, scene, [...(build?.manifest ? [build.manifest] : []), ...more]);
    case 'BRIDGE':
      return null;
  }
}

/** Disabling can lead there only if something is to leave. */
function disableCourse(scene: ResolvedSituation, final: readonly (string | null)[]): Course | null {
  const leaving = scene.list.filter((patch) => !final.includes(patch.buildId));
  return leaving.length > 0 ? disableOnly(leaving, scene.list) : null;
}
