import { type Plan, lastStageOf, stagesOf } from '../routes/plan.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';

/** What should be known before going, and does not change the verdict? What is passed through on the way counts as far as it leaves something. */
export function pushAdvisories(reasons: Reason[], plan: Plan, host: ResolvedSituation): void {
  const last = lastStageOf(plan);
  const reboots = plan.route === 'REBOOT';
  if (reboots) for (const patch of host.list) pushReopened(reasons, patch, last);
  pushOfLeg(reasons, plan, last);
  for (const stage of plan.next) pushOfLeg(reasons, stage, last);
  const { boot } = host.situation;
  if (reboots || boot === null) return;
  for (const { load } of stagesOf(plan))
    if (load !== null && isOn(last, load) && !boot.loads.some((module) => module.buildId === load.buildId))
      reasons.push({ code: 'NOT_BOOT_PERSISTENT', patch: load.name, buildId: load.buildId });
}

/** Is the patch on the list that this stage makes? */
const isOn = ({ stays, load }: Plan, patch: KnownPatch): boolean => patch === load || stays.includes(patch);

function pushOfLeg(reasons: Reason[], { replaced, disabled, load }: Plan, last: Plan): void {
  for (const patch of replaced) pushLeaving(reasons, patch, last, 'REPLACE');
  for (const patch of disabled) pushLeaving(reasons, patch, last, 'DISABLE');
  if (load !== null) pushUnsupported(reasons, load, 'LOAD');
}

function pushLeaving(reasons: Reason[], patch: KnownPatch, last: Plan, act: 'DISABLE' | 'REPLACE'): void {
  pushReopened(reasons, patch, last);
  if (patch.provenNone && patch.manifest?.author?.impactNone !== true)
    reasons.push({ code: 'DATA_SEMANTICS_NOT_PROVEN', patch: patch.name, buildId: patch.buildId });
  pushUnsupported(reasons, patch, act);
}

function pushReopened(reasons: Reason[], patch: KnownPatch, { stays, load }: Plan): void {
  for (const cve of cvesOf(patch))
    if (!(load !== null && cvesOf(load).includes(cve)) && !stays.some((other) => cvesOf(other).includes(cve)))
      reasons.push({ code: 'CVE_REOPENED', patch: patch.name, buildId: patch.buildId, detail: cve });
}

const NONE: readonly never[] = [];
const cvesOf = (patch: KnownPatch): readonly string[] => patch.manifest?.author?.cves ?? NONE;

const ACTS = { LOAD: 'loading it', DISABLE: 'disabling it', REPLACE: 'replacing it' } as const;

/** What its vendor does not support on a running system, whatever the kernel accepts. */
function pushUnsupported(reasons: Reason[], patch: KnownPatch, act: keyof typeof ACTS): void {
  if (patch.manifest?.author?.unsupported?.includes(act) === true)
    reasons.push({ code: 'VENDOR_UNSUPPORTED', patch: patch.name, buildId: patch.buildId, detail: ACTS[act] });
}
