import { type Course, lastLegOf, legsOf } from '../routes/course.js';
import type { KnownPatch, ResolvedSituation } from '../facts/recognise.js';
import type { Reason } from '../reasons/reasons.js';

/** What should be known before going, and does not change the verdict? What is passed through on the way counts as far as it leaves something. */
export function pushAdvisories(reasons: Reason[], course: Course, scene: ResolvedSituation): void {
  const last = lastLegOf(course);
  const reboots = course.route === 'REBOOT';
  if (reboots) for (const patch of scene.list) pushReopened(reasons, patch, last);
  pushOfLeg(reasons, course, last);
  for (const leg of course.next) pushOfLeg(reasons, leg, last);
  const { boot } = scene.situation;
  if (reboots || boot === null) return;
  for (const { load } of legsOf(course))
    if (load !== null && isOn(last, load) && !boot.loads.some((module) => module.buildId === load.buildId))
      reasons.push({ code: 'NOT_BOOT_PERSISTENT', patch: load.name, buildId: load.buildId });
}

/** Is the patch on the list that this leg makes? */
const isOn = ({ stays, load }: Course, patch: KnownPatch): boolean => patch === load || stays.includes(patch);

function pushOfLeg(reasons: Reason[], { replaced, disabled, load }: Course, last: Course): void {
  for (const patch of replaced) pushLeaving(reasons, patch, last, 'REPLACE');
  for (const patch of disabled) pushLeaving(reasons, patch, last, 'DISABLE');
  if (load !== null) pushUnsupported(reasons, load, 'LOAD');
}

function pushLeaving(reasons: Reason[], patch: KnownPatch, last: Course, act: 'DISABLE' | 'REPLACE'): void {
  pushReopened(reasons, patch, last);
  if (patch.provenNone && patch.manifest?.author?.impactNone !== true)
    reasons.push({ code: 'DATA_SEMANTICS_NOT_PROVEN', patch: patch.name, buildId: patch.buildId });
  pushUnsupported(reasons, patch, act);
}

function pushReopened(reasons: Reason[], patch: KnownPatch, { stays, load }: Course): void {
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
