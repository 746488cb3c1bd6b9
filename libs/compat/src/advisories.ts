import { type Course, legsOf, listAfter } from './course.js';
import type { KnownPatch, Scene } from './recognise.js';
import type { Reason } from './reasons.js';

/** What should be known before going, and does not change the verdict? What is passed through on the way counts as far as it leaves something. */
export function findAdvisories(course: Course, scene: Scene): Reason[] {
  const reasons: Reason[] = [];
  const legs = legsOf(course);
  const final = listAfter(legs.at(-1)!);
  const reboots = course.route === 'REBOOT';
  if (reboots) for (const patch of scene.list) pushReopened(reasons, patch, final);
  for (const leg of legs) {
    for (const patch of leg.replaced) pushLeaving(reasons, patch, final, 'REPLACE');
    for (const patch of leg.disabled) pushLeaving(reasons, patch, final, 'DISABLE');
    if (leg.load !== null) pushUnsupported(reasons, leg.load, 'LOAD');
  }
  const { tainted, bootStartSeen, boot } = scene.situation;
  if (reboots) return reasons;
  if (tainted === true && !bootStartSeen) reasons.push({ code: 'BOOT_HISTORY_INCOMPLETE' });
  if (boot === null) return reasons;
  for (const { load } of legs)
    if (load !== null && final.includes(load) && !boot.loads.some((module) => module.buildId === load.buildId))
      reasons.push({ code: 'NOT_BOOT_PERSISTENT', patch: load.name, buildId: load.buildId });
  return reasons;
}

function pushLeaving(reasons: Reason[], patch: KnownPatch, final: readonly KnownPatch[], act: 'DISABLE' | 'REPLACE'): void {
  pushReopened(reasons, patch, final);
  if (patch.provenNone && patch.manifest?.author?.impactNone !== true)
    reasons.push({ code: 'DATA_SEMANTICS_NOT_PROVEN', patch: patch.name, buildId: patch.buildId });
  pushUnsupported(reasons, patch, act);
}

function pushReopened(reasons: Reason[], patch: KnownPatch, final: readonly KnownPatch[]): void {
  for (const cve of patch.manifest?.author?.cves ?? [])
    if (!final.some((stays) => stays.manifest?.author?.cves.includes(cve) === true))
      reasons.push({ code: 'CVE_REOPENED', patch: patch.name, buildId: patch.buildId, detail: cve });
}

const ACTS = { LOAD: 'loading it', DISABLE: 'disabling it', REPLACE: 'replacing it' } as const;

/** What its vendor does not support on a running system, whatever the kernel accepts. */
function pushUnsupported(reasons: Reason[], patch: KnownPatch, act: keyof typeof ACTS): void {
  if (patch.manifest?.author?.unsupported?.includes(act) === true)
    reasons.push({ code: 'VENDOR_UNSUPPORTED', patch: patch.name, buildId: patch.buildId, detail: ACTS[act] });
}
