import type { ResolvedSituation } from '@klpreg/compat';
import type { BootOutcome } from './generated/schema.js';

/** Returns what the next boot loads, compared with the list that runs now. Only reported facts count. */
export function bootOutcome({ situation, list }: ResolvedSituation, replaces: Replaces): BootOutcome {
  const { boot, kernelRelease } = situation;
  if (boot === null || boot.kernelRelease !== kernelRelease) return 'UNKNOWN';
  if ([...boot.loads, ...list].some(({ buildId }) => buildId === null)) return 'UNKNOWN';
  const isSame =
    boot.loads.length === list.length && list.every(({ buildId }, i) => buildId === boot.loads[i]!.buildId);
  if (isSame) return 'SAME';
  // a cumulative patch replaces what is loaded before it
  return boot.loads.slice(1).some(({ buildId }) => replaces(buildId!) !== false) ? 'UNKNOWN' : 'OTHER';
}

/** Whether the build is cumulative. Null or undefined: not known. */
export type Replaces = (buildId: string) => boolean | null | undefined;
