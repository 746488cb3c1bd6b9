import type { ResolvedSituation } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';
import type { Plan } from '../routes/plan.js';

/**
 * Returns why the next boot may not load exactly the final list.
 *
 * Only reported facts count: the kernel that will boot, and each module by its build-id. A patch on top of
 * another must not replace it.
 */
export function findBootReasons({ next }: Plan, host: ResolvedSituation): Reason[] {
  const { boot, kernelRelease } = host.situation;
  if (boot === null) return [{ code: 'BOOT_UNKNOWN', detail: 'the host does not report it' }];
  if (boot.kernelRelease === null)
    return [{ code: 'BOOT_UNKNOWN', detail: 'the kernel that boots is not known' }];
  if (boot.kernelRelease !== kernelRelease)
    return [{ code: 'BOOT_UNKNOWN', detail: `another kernel boots, ${boot.kernelRelease}` }];
  const nameless = boot.loads.find((module) => module.buildId === null);
  if (nameless !== undefined)
    return [
      { code: 'BOOT_UNKNOWN', patch: nameless.name, detail: `the build of ${nameless.name} is not known` },
    ];
  const loads = next.flatMap((stage) => stage.load ?? []);
  if (
    loads.length !== boot.loads.length ||
    loads.some((load, i) => load.buildId !== boot.loads[i]?.buildId)
  ) {
    const names = boot.loads.map((module) => module.name).join(', ');
    return [{ code: 'BOOT_LOADS_OTHER', detail: names === '' ? 'nothing' : names }];
  }
  const unclear = loads.slice(1).find((load) => load.replace !== false);
  if (unclear === undefined) return [];
  return [
    {
      code: 'BOOT_UNKNOWN',
      patch: unclear.name,
      detail: `${unclear.name} may replace what is loaded before it`,
    },
  ];
}
