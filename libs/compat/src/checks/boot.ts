import type { ResolvedSituation } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';
import type { Plan } from '../routes/plan.js';

/**
 * Does the next boot load exactly the final list?
 *
 * Only what is told counts: the kernel that will boot, and each module by its build-id. A patch on top of another must not throw it out.
 */
export function findBootReasons({ next }: Plan, host: ResolvedSituation): Reason[] {
  const { boot, kernelRelease } = host.situation;
  if (boot === null) return [{ code: 'BOOT_UNKNOWN', detail: 'the host does not tell' }];
  if (boot.kernelRelease !== kernelRelease)
    return [{ code: 'BOOT_UNKNOWN', detail: boot.kernelRelease === null ? 'no one knows which kernel boots' : `another kernel boots, ${boot.kernelRelease}` }];
  const nameless = boot.loads.find((module) => module.buildId === null);
  if (nameless !== undefined) return [{ code: 'BOOT_UNKNOWN', patch: nameless.name, detail: `the build of ${nameless.name} is not known` }];
  const loads = next.flatMap((stage) => stage.load ?? []);
  if (loads.length !== boot.loads.length || loads.some((load, i) => load.buildId !== boot.loads[i]?.buildId))
    return [{ code: 'BOOT_LOADS_OTHER', detail: boot.loads.length === 0 ? 'nothing' : boot.loads.map((module) => module.name).join(', ') }];
  const unclear = loads.slice(1).find((load) => load.replace !== false);
  return unclear === undefined ? [] : [{ code: 'BOOT_UNKNOWN', patch: unclear.name, detail: `${unclear.name} may throw out what is loaded before it` }];
}
