import { pushAdvisories } from './advisories.js';
import { after } from '../routes/after.js';
import { type Plan, stagesOf, listAfter } from '../routes/plan.js';
import { pushBootDoubts, pushPatchDoubts } from './doubts.js';
import { predictErrno } from '../reasons/errno.js';
import { pushHarm, pushHarmDone } from './harm.js';
import { pushLoaderDoubts, pushLoaderRefusals } from './loader.js';
import { type Evidence, requiredAt } from '../facts/manifest.js';
import { pushGates } from './gates.js';
import { findBootReasons } from './boot.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { append, type Errno, type Reason } from '../reasons/reasons.js';
import { findRefusals, listedAtLoad } from './refusals.js';
import type { RulesChoice } from '../rules/select.js';
import { pushSpelling } from './object-names.js';
import type { Trust } from './signature.js';

/** By what a plan is judged, in addition to the situation. */
export interface Criteria extends Trust {
  readonly rules: RulesChoice;
  /** How well states must be known; promises need this or `MANIFEST`, whichever is weaker. */
  readonly evidence: Evidence;
}

/**
 * What speaks against this plan, the kernel's own reasons first?
 *
 * What follows a stage is judged in the situation that the stage leaves; the first stage that is refused decides the error number.
 *
 * @returns the error number with which it would stop; null where none is predicted
 */
export function pushAgainst(reasons: Reason[], plan: Plan, host: ResolvedSituation, criteria: Criteria): Errno | null {
  if (plan.route !== 'REBOOT') pushBootDoubts(reasons, host);
  const errno = plan.next.length === 0 ? pushAgainstLeg(reasons, plan, host, criteria) : pushAgainstLegs(reasons, plan, host, criteria);
  pushAdvisories(reasons, plan, host);
  return errno;
}

function pushAgainstLegs(reasons: Reason[], plan: Plan, host: ResolvedSituation, criteria: Criteria): Errno | null {
  let first: Errno | null = null;
  let now = host;
  for (const stage of stagesOf(plan)) {
    const errno = pushAgainstLeg(reasons, stage, now, criteria);
    first ??= errno;
    now = after(now, { ...stage, next: [] });
  }
  return first;
}

function pushAgainstLeg(reasons: Reason[], stage: Plan, host: ResolvedSituation, criteria: Criteria): Errno | null {
  const from = reasons.length;
  if (stage.route === 'REBOOT') append(reasons, findBootReasons(stage, host));
  else pushAgainstGoing(reasons, stage, host, criteria);
  const { load, disabled } = stage;
  return predictErrno(reasons, { disablesFirst: disabled.length > 0, compared: load === null ? host.list : [...host.list, load] }, from);
}

/** Patches of a plan, oldest first. Most plans replace all of the list, or none. */
const inListOrder = (patches: readonly KnownPatch[], { list }: ResolvedSituation): readonly KnownPatch[] =>
  patches.length < 2 || patches === list ? patches : patches.toSorted((a, b) => list.indexOf(a) - list.indexOf(b));

function pushAgainstGoing(reasons: Reason[], stage: Plan, host: ResolvedSituation, { rules, evidence, ...trust }: Criteria): void {
  const required = requiredAt(evidence);
  const { load, reversed } = stage;
  const refusals = findRefusals(stage, host, rules);
  pushGates(reasons, stage, host);
  if (load !== null) pushLoaderRefusals(reasons, load, stage, host);
  append(reasons, refusals.reasons);
  if (load !== null) {
    const listed = inListOrder(listedAtLoad(stage), host);
    pushSpelling(reasons, load, listed);
    pushLoaderDoubts(reasons, load, listed, host, trust);
  }
  if (host.inTransition !== null && stage.route !== 'NONE_NEEDED' && reversed === null) reasons.push(inTheMidstOf(host.inTransition, stage));
  pushPatchDoubts(reasons, stage, host, evidence, required.facts);
  pushHarm(reasons, stage, host, refusals, required);
  // A patch that is turned round on its way in took nothing over from those that left before.
  if (host.unlisted.length > 0) pushHarmDone(reasons, host, reversed === null ? host.list : stage.stays, listAfter(stage), required);
}

/**
 * Mirrors the busy test of `__klp_enable_patch()` and `__klp_disable_patch()`, and what `enabled_store()` makes of a patch in its own transition.
 *
 * Whoever disables a patch on its way in turns that round: not what this route means, so that one has to wait.
 */
function inTheMidstOf(open: KnownPatch, { disabled }: Plan): Reason {
  const reason: Reason = { code: 'TRANSITION_IN_PROGRESS', patch: open.name, buildId: open.buildId };
  if (disabled[0] !== open) return reason;
  return open.enabled ? { ...reason, detail: 'to disable it now would turn that round, which is the route REVERSE' } : { ...reason, errno: 'EINVAL' };
}
