import { type Course, nothing } from './course.js';
import { loadedName } from '../rules/patch.js';
import { rebooted } from './reboot.js';
import type { KnownPatch, ResolvedSituation } from '../facts/recognise.js';
import { listBelow } from '../facts/rewritten.js';
import type { UnlistedPatch, UnlistedBy, LeftoverModule, ListedPatch } from '../facts/situation.js';

/**
 * In which situation is the host once this course has succeeded, and every transition is over?
 *
 * Mirrors what `klp_complete_transition()` leaves: a disabled or replaced patch is off the list and its module stays loaded, until someone removes it.
 * An open transition is waited for first, unless the course turns it round.
 *
 * Pure: what is known of each patch goes with it, so that no one needs the catalog again, and judging may go on from there.
 */
export function after(scene: ResolvedSituation, course: Course): ResolvedSituation {
  if (course.route === 'NONE_NEEDED') return settled(scene);
  if (course.route === 'REBOOT') return course.next.reduce(after, rebooted(scene));
  const ready = course.reversed === null ? settled(scene) : scene;
  return course.next.reduce(after, stepwise(course).reduce(afterOne, ready));
}

/**
 * In which situation is the host once its open transition is over?
 *
 * Mirrors `klp_unpatch_replaced_patches()`: a cumulative patch throws out those below it. One of unknown kind is not taken to.
 */
export function settled(scene: ResolvedSituation): ResolvedSituation {
  const open = scene.inTransition;
  if (open === null) return scene;
  if (!open.enabled) return leave(idle(scene), open, 'DISABLED');
  const below = open.replace === true ? scene.list.slice(0, scene.list.indexOf(open)) : [];
  return below.reduce((now, patch) => leave(now, patch, 'REPLACED'), idle(scene));
}

/** The course in pieces, each of which makes one settled list: one patch is disabled, or one is loaded. */
function stepwise(course: Course): Course[] {
  if (course.reversed !== null) return [{ ...course, next: [] }];
  return [
    ...course.disabled.map((patch): Course => ({ ...nothing, route: 'DISABLE', disabled: [patch] })),
    ...course.removed.map((name): Course => ({ ...nothing, route: course.route, removed: [name] })),
    ...(course.load === null ? [] : [{ ...nothing, route: course.route, load: course.load, replaced: course.replaced }]),
  ];
}

/** Is a reversed enable of this patch as good as disabling it? Only where nothing but post_unpatch would run at disabling. */
const leavesAsDisabled = ({ callbacks }: KnownPatch): boolean => callbacks !== null && !callbacks.preUnpatch;

function afterOne(before: ResolvedSituation, { disabled, replaced, removed, load, reversed }: Course): ResolvedSituation {
  let scene = reversed === null ? before : idle(before);
  for (const patch of disabled) scene = leave(scene, patch, reversed === null || leavesAsDisabled(patch) ? 'DISABLED' : 'UNKNOWN');
  if (removed.length > 0) scene = remove(scene, removed);
  for (const patch of replaced) scene = leave(scene, patch, 'REPLACED');
  if (load !== null) scene = join(scene, load);
  return { ...scene, situation: { ...scene.situation, previous: earlierList(before, scene) } };
}

/** The last settled different list; null where the one before was never settled, or not known by build-ids. */
function earlierList(before: ResolvedSituation, now: ResolvedSituation): readonly string[] | null {
  const buildIds = before.list.map((patch) => patch.buildId);
  if (buildIds.length === now.list.length && now.list.every((patch, i) => patch.buildId === buildIds[i])) return before.situation.previous;
  return before.inTransition === null && buildIds.every((id) => id !== null) ? buildIds : null;
}

/** Nothing is in transition any more: what is listed is enabled. */
function idle(scene: ResolvedSituation): ResolvedSituation {
  const still = <P extends KnownPatch | ListedPatch>(patch: P): P => (patch.transition ? { ...patch, enabled: true, transition: false } : patch);
  const { situation } = scene;
  return { ...scene, situation: { ...situation, list: situation.list.map(still) }, list: scene.list.map(still), inTransition: null };
}

/** Off the list; its module stays, and no one holds it. */
function leave(scene: ResolvedSituation, patch: KnownPatch, unlistedBy: UnlistedBy): ResolvedSituation {
  const at = scene.list.findIndex((listed) => listed.name === patch.name && listed.buildId === patch.buildId);
  if (at < 0) return scene;
  const { situation } = scene;
  const { name, buildId, reading } = situation.list[at]!;
  const left: LeftoverModule = { name, buildId, reading, referenced: false, pinned: false, moduleState: 'LIVE' };
  return {
    ...scene,
    situation: {
      ...situation,
      list: situation.list.toSpliced(at, 1),
      leftovers: [...situation.leftovers, left],
      unlisted: [...situation.unlisted, { name, buildId, reading, unlistedBy }],
    },
    list: scene.list.toSpliced(at, 1),
    unlisted: [...scene.unlisted, { known: { ...scene.list[at]!, enabled: false, transition: false }, unlistedBy }],
  };
}

const keyOf = ({ name, buildId }: UnlistedPatch | LeftoverModule): string => buildId ?? name;

/** The modules of these names are gone; what they did is not. */
function remove(scene: ResolvedSituation, names: readonly string[]): ResolvedSituation {
  const { situation } = scene;
  const goes = (module: { readonly name: string }): boolean => names.includes(loadedName(module.name));
  const known = new Set(situation.unlisted.map(keyOf));
  const neverListed = situation.leftovers.filter((module) => goes(module) && !known.has(keyOf(module)));
  const unlisted = neverListed.map(({ name, buildId, reading }): UnlistedPatch => ({ name, buildId, reading, unlistedBy: 'UNKNOWN' }));
  return {
    ...scene,
    situation: {
      ...situation,
      leftovers: situation.leftovers.filter((module) => !goes(module)),
      unlisted: unlisted.length === 0 ? situation.unlisted : [...situation.unlisted, ...unlisted],
    },
    loading: scene.loading.filter((module) => !goes(module)),
  };
}

/** On top of the list, enabled. Its replace flag is as its module says: no sysfs has shown it yet. */
function join(scene: ResolvedSituation, load: KnownPatch): ResolvedSituation {
  const { situation } = scene;
  const { name, buildId } = load;
  const listed: ListedPatch = {
    name,
    buildId,
    enabled: true,
    transition: false,
    replace: null,
    reading: null,
    moduleState: 'LIVE',
    moduleTaint: null,
    file: null,
  };
  return {
    ...scene,
    // What is known from before the first livepatch on is known in full.
    situation: { ...situation, list: [...situation.list, listed], tainted: true, bootHistory: situation.tainted === false ? 'KNOWN' : situation.bootHistory },
    list: [...listBelow(scene.list, load), { ...load, enabled: true, transition: false }],
  };
}
