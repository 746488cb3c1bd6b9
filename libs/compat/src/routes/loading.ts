import { type Course, disableThenLoad, loadOver } from './course.js';
import { isListed, type Journey } from './journey.js';
import { loadedName, type Patch } from '../rules/patch.js';
import { type KnownPatch, resolveManifest } from '../facts/recognise.js';
import { thrownOut } from '../rules/select.js';

const NONE: readonly never[] = [];

/** Replacing needs a patch that throws out others, stacking one that need not. Where no one knows, nothing is certain to leave. */
export function loadCourse(route: 'REPLACE' | 'STACK', build: KnownPatch, { scene, rules }: Journey): Course | null {
  const out = thrownOut(build, scene.list, rules) ?? NONE;
  if (route === 'REPLACE' ? build.replace === false && out.length === 0 : build.replace === true || isListed(build, scene)) return null;
  return loadOver(route, build, out, scene.list);
}

/** What else the final list has goes on top, one after the other; null where one of these would throw out another. */
export function stackMore(course: Course | null, { more, rules }: Journey): Course | null {
  if (course === null || more.length === 0) return course;
  const list = [...course.stays, course.load!];
  const next: Course[] = [];
  for (const patch of more.map(resolveManifest)) {
    if (thrownOut(patch, list, rules)?.length !== 0) return null;
    next.push(loadOver('STACK', patch, NONE, [...list]));
    list.push(patch);
  }
  return { ...course, next };
}

/**
 * Disable what must go before the target can be loaded, and load it.
 *
 * Only what stands in the way: what is not to stay beside it; of what it throws out itself, only what bears its name or holds a state that it lacks.
 */
export function makeWay(build: KnownPatch, { scene, final, rules }: Journey): Course {
  const { list, situation } = scene;
  const out = thrownOut(build, list, rules) ?? NONE;
  const target = build.states === null ? null : asRulesRead(build);
  const blocks = (patch: KnownPatch): boolean =>
    target === null || patch.states === null || rules.some((rule) => rule.findStateRefusals(target, [asRulesRead(patch)]).length > 0);
  const leaving = list.filter((patch) => (out.includes(patch) ? patch.name === build.name || blocks(patch) : !final.includes(patch.buildId)));
  const leftovers = situation.leftovers.map((leftover) => loadedName(leftover.name));
  const rest = list.filter((patch) => !leaving.includes(patch));
  return disableThenLoad(build, leaving, leftovers, thrownOut(build, rest, rules) ?? NONE, list);
}

const asRulesRead = (patch: KnownPatch): Patch => patch.asPatch ?? { name: patch.name, replace: patch.replace ?? false, states: patch.states ?? [] };
