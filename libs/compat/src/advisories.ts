import type { Course } from './course.js';
import type { Scene } from './recognise.js';
import type { Reason } from './reasons.js';

/** What should be known before going, and does not change the verdict? */
export function findAdvisories(course: Course, scene: Scene): Reason[] {
  const after = course.load === null ? course.stays : [...course.stays, course.load];
  const leaving = [...course.replaced, ...course.disabled];
  const fixed = new Set(after.flatMap((patch) => patch.manifest?.author?.cves ?? []));
  const reasons: Reason[] = [];
  for (const patch of leaving) {
    for (const cve of patch.manifest?.author?.cves ?? [])
      if (!fixed.has(cve)) reasons.push({ code: 'CVE_REOPENED', patch: patch.name, buildId: patch.buildId, detail: cve });
    if (patch.provenNone && patch.manifest?.author?.impactNone !== true)
      reasons.push({ code: 'DATA_SEMANTICS_NOT_PROVEN', patch: patch.name, buildId: patch.buildId });
  }
  const { situation } = scene;
  if (situation.tainted === true && !situation.bootStartSeen) reasons.push({ code: 'BOOT_HISTORY_INCOMPLETE' });
  const { load } = course;
  if (load !== null && situation.boot !== null && !situation.boot.loads.some((module) => module.buildId === load.buildId))
    reasons.push({ code: 'NOT_BOOT_PERSISTENT', patch: load.name, buildId: load.buildId });
  return reasons;
}
