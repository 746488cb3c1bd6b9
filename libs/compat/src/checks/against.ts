import { type Evidence, requiredAt } from '../facts/manifest.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { predictErrno } from '../reasons/errno.js';
import { about, type Errno, type Reason } from '../reasons/reasons.js';
import { after } from '../routes/after.js';
import { listAfter, type Plan, stagesOf } from '../routes/plan.js';
import type { RulesChoice } from '../rules/select.js';
import { findAdvisories } from './advisories.js';
import { findBootReasons } from './boot.js';
import { findBootDoubts, findPatchDoubts } from './doubts.js';
import { findGateReasons } from './gates.js';
import { findHarm, findHarmDone } from './harm.js';
import { findLoaderDoubts, findLoaderRefusals } from './loader.js';
import { findDoubleVmlinux } from './object-names.js';
import { findRefusals, listedAtLoad } from './refusals.js';
import type { Trust } from './signature.js';

/** What a plan is judged by, in addition to the situation. */
export interface Criteria extends Trust {
  readonly rules: RulesChoice;
  /** Evidence that is required of states. Promises need this or `MANIFEST`, whichever is weaker. */
  readonly evidence: Evidence;
  /** Codes of advisories that count as UNSAFE. */
  readonly raise: readonly string[];
}

/** What stands against a plan. */
export interface Against {
  /** In the order of the stages; within one, what the kernel checks comes first. */
  readonly reasons: readonly Reason[];
  /** The error number with which the plan would stop; null if none is predicted. */
  readonly errno: Errno | null;
}

/**
 * Returns everything that stands against this plan.
 *
 * Each stage is judged in the situation that the stage before it leaves. The first stage that is refused
 * decides the error number.
 */
export function findAgainst(plan: Plan, host: ResolvedSituation, criteria: Criteria): Against {
  const reasons = plan.route === 'REBOOT' ? [] : findBootDoubts(host);
  let errno: Errno | null = null;
  let now = host;
  for (const stage of stagesOf(plan)) {
    const found =
      stage.route === 'REBOOT' ? findBootReasons(stage, now) : findAgainstStage(stage, now, criteria);
    const { load, disabled } = stage;
    const compared = load === null ? now.list : [...now.list, load];
    errno ??= predictErrno(found, { disablesFirst: disabled.length > 0, compared });
    reasons.push(...found);
    if (plan.next.length > 0) now = after(now, { ...stage, next: [] });
  }
  return { reasons: [...reasons, ...findAdvisories(plan, host, criteria.raise)], errno };
}

/** Orders patches of a plan as the list has them, oldest first. */
const inListOrder = (patches: readonly KnownPatch[], { list }: ResolvedSituation): readonly KnownPatch[] =>
  patches.toSorted((a, b) => list.indexOf(a) - list.indexOf(b));

function findAgainstStage(stage: Plan, host: ResolvedSituation, criteria: Criteria): Reason[] {
  const required = requiredAt(criteria.evidence);
  const { load, reversed } = stage;
  const refusals = findRefusals(stage, host, criteria.rules);
  const listed = inListOrder(listedAtLoad(stage), host);
  const busy = host.inTransition !== null && stage.route !== 'NONE_NEEDED' && reversed === null;
  // A patch whose transition is reversed while it comes in has taken over nothing from those that left
  // before.
  const holding = reversed === null ? host.list : stage.stays;
  return [
    ...findGateReasons(stage, host),
    ...(load === null ? [] : findLoaderRefusals(load, stage, host)),
    ...refusals.reasons,
    ...(load === null ? [] : findDoubleVmlinux(load, listed)),
    ...(load === null ? [] : findLoaderDoubts(load, listed, host, criteria)),
    ...(busy ? [transitionInProgress(host.inTransition, stage)] : []),
    ...findPatchDoubts(stage, host, criteria.evidence, required.facts),
    ...findHarm(stage, host, refusals, required),
    ...findHarmDone(host, holding, listAfter(stage), required),
  ];
}

/**
 * Mirrors the busy test of `__klp_enable_patch()` and `__klp_disable_patch()`, and what `enabled_store()`
 * does with a patch in its own transition.
 *
 * To disable a patch that is coming in reverses its transition. This route does not mean that, so it has to
 * wait.
 */
function transitionInProgress(open: KnownPatch, { disabled }: Plan): Reason {
  const reason: Reason = { code: 'TRANSITION_IN_PROGRESS', ...about(open) };
  if (disabled[0] !== open) return reason;
  if (!open.enabled) return { ...reason, errno: 'EINVAL' };
  return { ...reason, detail: 'disabling it now would reverse the transition, which is the route REVERSE' };
}
