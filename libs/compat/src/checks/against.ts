import { pushAdvisories } from './advisories.js';
import { after } from '../routes/after.js';
import { type Course, legsOf, listAfter } from '../routes/course.js';
import { pushBootDoubts, pushPatchDoubts } from './doubts.js';
import { predictErrno } from '../reasons/errno.js';
import { pushHarm, pushHarmDone } from './harm.js';
import { pushLoaderDoubts, pushLoaderRefusals } from './loader.js';
import { type Evidence, wantedAt } from '../facts/manifest.js';
import { pushGates } from './gates.js';
import { findBootReasons } from './boot.js';
import type { KnownPatch, ResolvedSituation } from '../facts/recognise.js';
import { append, type Errno, type Reason } from '../reasons/reasons.js';
import { findRefusals, listedAtLoad } from './refusals.js';
import type { RulesChoice } from '../rules/select.js';
import { pushSpelling } from './spelling.js';
import type { Trust } from './signature.js';

/** By what a course is judged, in addition to the situation. */
export interface Measure extends Trust {
  readonly rules: RulesChoice;
  /** How well states must be known; promises need this or `MANIFEST`, whichever is weaker. */
  readonly evidence: Evidence;
}

/**
 * What speaks against this course, the kernel's own reasons first?
 *
 * What follows a leg is judged in the situation that the leg leaves; the first leg that is refused decides the error number.
 *
 * @returns the error number with which it would stop; null where none is predicted
 */
export function pushAgainst(reasons: Reason[], course: Course, scene: ResolvedSituation, measure: Measure): Errno | null {
  if (course.route !== 'REBOOT') pushBootDoubts(reasons, scene);
  const errno = course.next.length === 0 ? pushAgainstLeg(reasons, course, scene, measure) : pushAgainstLegs(reasons, course, scene, measure);
  pushAdvisories(reasons, course, scene);
  return errno;
}

function pushAgainstLegs(reasons: Reason[], course: Course, scene: ResolvedSituation, measure: Measure): Errno | null {
  let first: Errno | null = null;
  let now = scene;
  for (const leg of legsOf(course)) {
    const errno = pushAgainstLeg(reasons, leg, now, measure);
    first ??= errno;
    now = after(now, { ...leg, next: [] });
  }
  return first;
}

function pushAgainstLeg(reasons: Reason[], leg: Course, scene: ResolvedSituation, measure: Measure): Errno | null {
  const from = reasons.length;
  if (leg.route === 'REBOOT') append(reasons, findBootReasons(leg, scene));
  else pushAgainstGoing(reasons, leg, scene, measure);
  const { load, disabled } = leg;
  return predictErrno(reasons, { disablesFirst: disabled.length > 0, compared: load === null ? scene.list : [...scene.list, load] }, from);
}

/** Patches of a course, oldest first. Most courses replace all of the list, or none. */
const inListOrder = (patches: readonly KnownPatch[], { list }: ResolvedSituation): readonly KnownPatch[] =>
  patches.length < 2 || patches === list ? patches : patches.toSorted((a, b) => list.indexOf(a) - list.indexOf(b));

function pushAgainstGoing(reasons: Reason[], leg: Course, scene: ResolvedSituation, { rules, evidence, ...trust }: Measure): void {
  const wanted = wantedAt(evidence);
  const { load, reversed } = leg;
  const refusals = findRefusals(leg, scene, rules);
  pushGates(reasons, leg, scene);
  if (load !== null) pushLoaderRefusals(reasons, load, leg, scene);
  append(reasons, refusals.reasons);
  if (load !== null) {
    const listed = inListOrder(listedAtLoad(leg), scene);
    pushSpelling(reasons, load, listed);
    pushLoaderDoubts(reasons, load, listed, scene, trust);
  }
  if (scene.inTransition !== null && leg.route !== 'NONE_NEEDED' && reversed === null) reasons.push(inTheMidstOf(scene.inTransition, leg));
  pushPatchDoubts(reasons, leg, scene, evidence, wanted.facts);
  pushHarm(reasons, leg, scene, refusals, wanted);
  // A patch that is turned round on its way in took nothing over from those that left before.
  if (scene.unlisted.length > 0) pushHarmDone(reasons, scene, reversed === null ? scene.list : leg.stays, listAfter(leg), wanted);
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
