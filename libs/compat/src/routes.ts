import { type Course, disableOnly, disableThenLoad, leadsTo, replaceBy, type Route, ROUTES, stackOn, stayPut } from './course.js';
import { loadedName, type Patch } from './patch.js';
import type { KnownPatch, Scene } from './recognise.js';
import type { Reason } from './reasons.js';
import type { Rules } from './rules/rules.js';
import type { Target } from './target.js';

/** The routes of a gate that names none. */
function defaultRoutes(target: Target): readonly Route[] {
  return target.kind === 'ORIGINAL' ? ['NONE_NEEDED', 'DISABLE'] : ['NONE_NEEDED', 'REPLACE'];
}

/** The courses that lead to the final list, and what stands against finding any. */
export interface Courses {
  /** Cheapest first. */
  readonly courses: readonly Course[];
  readonly reasons: readonly Reason[];
}

/**
 * Which of the routes that are asked for lead from today's list to the final one?
 *
 * Where the list is settled and final already, nothing else is considered.
 *
 * @param asked null: the defaults of a gate. A non-cumulative target under these is judged along `STACK`, so that its reasons are seen, and is
 *   never a yes: what would stay below it was not asked about
 */
export function findCourses(
  scene: Scene,
  target: Target,
  final: readonly (string | null)[],
  build: KnownPatch | null,
  asked: readonly Route[] | null,
  rules: readonly Rules[],
): Courses {
  const routes = asked ?? defaultRoutes(target);
  const settledThere =
    scene.inTransition === null && scene.list.length === final.length && scene.list.every((patch, i) => patch.buildId !== null && patch.buildId === final[i]);
  if (settledThere)
    return routes.includes('NONE_NEEDED')
      ? { courses: [stayPut(scene.list)], reasons: [] }
      : none(routes, 'the host is there already: name the route NONE_NEEDED');

  const arrives = (course: Course): boolean => sameList(leadsTo(course), final);
  const courses = ROUTES.filter((route) => routes.includes(route))
    .flatMap((route) => courseOf(route, scene, final, build, rules) ?? [])
    .filter(arrives);
  if (courses.length > 0) return { courses, reasons: [] };

  if (asked === null && build?.replace === false && !isListed(build, scene)) {
    return {
      courses: [stackOn(build, scene.list)],
      reasons: [
        { code: 'TARGET_UNRESOLVED', patch: build.name, route: 'STACK', detail: 'a non-cumulative target goes on top of what is listed: name the route STACK' },
      ],
    };
  }
  return none(routes, 'none of the routes asked for leads to that list');
}

const none = (routes: readonly Route[], detail: string): Courses => ({
  courses: [],
  reasons: [{ code: 'TARGET_UNRESOLVED', route: routes.join(', '), detail }],
});

const isListed = (build: KnownPatch, scene: Scene): boolean => scene.list.some((patch) => patch.buildId === build.buildId);

/** The course of one route; null where the route does not lead there. */
function courseOf(route: Route, scene: Scene, final: readonly (string | null)[], build: KnownPatch | null, rules: readonly Rules[]): Course | null {
  switch (route) {
    case 'REPLACE':
      return replaceCourse(scene, build);
    case 'STACK':
      return build !== null && build.replace !== true && !isListed(build, scene) ? stackOn(build, scene.list) : null;
    case 'DISABLE':
      return disableCourse(scene, final);
    case 'DISABLE_THEN_LOAD':
      return build === null || isListed(build, scene) ? null : disableThenLoad(build, inTheWay(build, final, scene, rules), leftoverNames(scene), scene.list);
    default:
      return null;
  }
}

/** Loading the build leads there exactly when it is cumulative. Where no one knows, nothing is certain to leave. */
function replaceCourse(scene: Scene, build: KnownPatch | null): Course | null {
  if (build === null || build.replace === false) return null;
  return build.replace === null && scene.list.length > 0 ? { ...stackOn(build, scene.list), route: 'REPLACE' } : replaceBy(build, scene.list);
}

const sameList = (a: readonly (string | null)[], b: readonly (string | null)[]): boolean => a.length === b.length && a.every((id, i) => id === b[i]);

const leftoverNames = (scene: Scene): string[] => scene.situation.leftovers.map((leftover) => loadedName(leftover.name));

/** Which listed patches does the final list not have? */
const notToStay = (final: readonly (string | null)[], scene: Scene): KnownPatch[] => scene.list.filter((patch) => !final.includes(patch.buildId));

/** Disabling can lead there only if something is to leave. */
function disableCourse(scene: Scene, final: readonly (string | null)[]): Course | null {
  const leaving = notToStay(final, scene);
  return leaving.length > 0 ? disableOnly(leaving, scene.list) : null;
}

/**
 * Which patches must be disabled before the target can be loaded?
 *
 * What is not to stay beside it; before a cumulative one, which throws out the rest itself, what bears its name or holds a state that it lacks.
 */
function inTheWay(build: KnownPatch, final: readonly (string | null)[], scene: Scene, rules: readonly Rules[]): KnownPatch[] {
  if (build.replace !== true) return notToStay(final, scene);
  const target: Patch | null = build.states === null ? null : { name: build.name, replace: true, states: build.states };
  const blocks = (patch: KnownPatch): boolean =>
    target === null ||
    patch.states === null ||
    rules.some((rule) => rule.findStateRefusals(target, [{ name: patch.name, replace: patch.replace ?? false, states: patch.states ?? [] }]).length > 0);
  return scene.list.filter((patch) => patch.name === build.name || blocks(patch));
}
