import type { FleetAnswer } from '../gate/fleet.js';
import type { ReasonCount } from '../registry/generated/operations.js';

const keyOf = (reason: { code: string; text: string }): string => `${reason.code} ${reason.text}`;

/**
 * Merges reasons with the same text. The registry counts them apart, because they are about different builds.
 *
 * One host may have several of them, so the hosts are counted again over the cohorts.
 * If not all cohorts were read, nothing is merged.
 */
export function mergeReasons({ reasons, cohorts, complete }: FleetAnswer): readonly ReasonCount[] {
  const groups = new Map<string, ReasonCount[]>();
  for (const counted of reasons)
    groups.set(keyOf(counted.reason), [...(groups.get(keyOf(counted.reason)) ?? []), counted]);
  if (!complete || groups.size === reasons.length) return reasons;
  return [...groups.values()]
    .flatMap((group) => {
      if (group.length === 1) return group;
      const key = keyOf(group[0]!.reason);
      const hosts = cohorts
        .filter((cohort) => cohort.verdict.reasons.some((reason) => keyOf(reason) === key))
        .reduce((sum, cohort) => sum + cohort.hosts, 0);
      const plausible =
        hosts >= Math.max(...group.map((each) => each.hosts)) &&
        hosts <= group.reduce((sum, each) => sum + each.hosts, 0);
      return plausible ? [{ reason: group[0]!.reason, hosts }] : group;
    })
    .sort(
      (a, b) =>
        Number(a.reason.kind === 'ADVISORY') - Number(b.reason.kind === 'ADVISORY') || b.hosts - a.hosts,
    );
}
