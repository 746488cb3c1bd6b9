import { findAdvisories } from './advisories.js';
import { after } from './after.js';
import { type Course, legsOf, listAfter } from './course.js';
import { findPatchDoubts } from './doubts.js';
import { findHarm, findHarmDone } from './harm.js';
import { findLoaderDoubts, findLoaderRefusals } from './loader.js';
import { type Evidence, type Wanted, weaker } from './manifest.js';
import { findBootReasons } from './reboot.js';
import type { KnownPatch, Scene } from './recognise.js';
import { type Errno, predictErrno, type Reason } from './reasons.js';
import { findRefusals } from './refusals.js';
import type { RulesChoice } from './rules/select.js';
import type { Catalog } from './situation.js';

/** By what a course is judged, beside the situation. */
export interface Measure {
  readonly rules: RulesChoice;
  readonly catalog: Catalog;
  /** How well states must be known; promises need this or `MANIFEST`, whichever is weaker. */
  readonly evidence: Evidence;
}

/** Everything against a course, and with which error number it would stop. */
export interface Against {
  readonly reasons: Reason[];
  readonly errno: Errno | null;
}

/**
 * What speaks against this course, the kernel's own reasons first?
 *
 * What follows a leg is judged in the situation that the leg leaves; the first leg that is refused decides the error number.
 */
export function findAgainst(course: Course, scene: Scene, measure: Measure): Against {
  const reasons: Reason[] = [];
  if (course.next.length === 0) {
    pushAgainstLeg(reasons, course, scene, measure);
    const errno = predictErrno(reasons, course.disabled.length > 0);
    append(reasons, findAdvisories(course, scene));
    return { reasons, errno };
  }
  let errno: Errno | null = null;
  let now = scene;
  for (const leg of legsOf(course)) {
    const from = reasons.length;
    pushAgainstLeg(reasons, leg, now, measure);
    errno ??= predictErrno(reasons.slice(from), leg.disabled.length > 0);
    now = after(now, { ...leg, next: [] });
  }
  append(reasons, findAdvisories(course, scene));
  return { reasons, errno };
}

/** Most of what is looked for is not there: this is the hot path of every fleet question. */
function append(reasons: Reason[], more: readonly Reason[]): void {
  for (const reason of more) reasons.push(reason);
}

function pushAgainstLeg(reasons: Reason[], leg: Course, scene: Scene, { rules, catalog, evidence }: Measure): void {
  if (leg.route === 'REBOOT') {
    reasons.push(...findBootReasons(leg, scene));
    return;
  }
  const wanted: Wanted = { facts: weaker(evidence, 'MODULE'), word: weaker(evidence, 'MANIFEST') };
  const { load, reversed } = leg;
  const refusals = findRefusals(leg, scene, rules);
  if (load !== null) append(reasons, findLoaderRefusals(leg, scene));
  append(reasons, refusals.reasons);
  if (load !== null) append(reasons, findLoaderDoubts(load, scene, catalog));
  if (scene.inTransition !== null && leg.route !== 'NONE_NEEDED' && reversed === null) reasons.push(inTheMidstOf(scene.inTransition, leg));
  append(reasons, findPatchDoubts(leg, scene, evidence));
  append(reasons, findHarm(leg, scene, refusals, wanted));
  // A patch that is turned round on its way in took nothing over from those that left before.
  if (scene.departed.length > 0) reasons.push(...findHarmDone(scene, reversed === null ? scene.list : leg.stays, listAfter(leg), wanted));
}

/**
 * Mirrors the busy test of `__klp_enable_patch()` and `__klp_disable_patch()`, and what `enabled_store()` makes of a patch in its own transition.
 *
 * Whoever disables a patch on its way in turns that round: not what this route means, so that one has to wait.
 */
function inTheMidstOf(open: KnownPatch, { disabled }: Course): Reason {
  const reason: Reason = { code: 'TRANSITION_IN_PROGRESS', patch: open.name, buildId: open.buildId };
  if (disabled[0] !== open) return reason;
  return open.enabled ? { ...reason, detail: 'to disable it now would turn that round, which is the route REVERSE' } : { ...reason, errno: 'EINVAL' };
}
