import { comparePrices, type Price, type Route, ROUTES, type Verdict } from '@klpreg/compat';
import type { GroupedCohorts } from './cohort-groups.js';
import type { FleetAnswer } from './fleet.js';

/** Hosts with the same list of patches, kernel and answer, and where they go. */
export interface PlannedGroup {
  readonly group: GroupedCohorts;
  /** Null if the target is not a release. */
  readonly release: string | null;
  readonly verdict: Verdict;
  /** The answer that the group is part of. */
  readonly answer: FleetAnswer;
}

/** The price of an accepted verdict: it has a route. */
const priceOf = ({ verdict }: PlannedGroup): Price => verdict.price!;

/** Returns the groups with an accepted route in the order to go, and the others, the largest first. */
export function inOrder(groups: readonly PlannedGroup[]): {
  served: PlannedGroup[];
  blocked: PlannedGroup[];
} {
  const bySize = (a: PlannedGroup, b: PlannedGroup): number =>
    b.group.hosts - a.group.hosts || (a.group.key < b.group.key ? -1 : 1);
  const byRoute = (a: PlannedGroup, b: PlannedGroup): number =>
    ROUTES.indexOf(a.verdict.route!) - ROUTES.indexOf(b.verdict.route!);
  return {
    served: groups
      .filter(({ verdict }) => verdict.accepted)
      .toSorted((a, b) => comparePrices(priceOf(a), priceOf(b)) || byRoute(a, b) || bySize(a, b)),
    blocked: groups.filter(({ verdict }) => !verdict.accepted).toSorted(bySize),
  };
}

/** Adds up what a plan costs. */
export function sumsOf(served: readonly PlannedGroup[]): {
  routes: { route: Route; hosts: number }[];
  reboots: number;
  unpatched: number;
  cvesReopened: string[];
} {
  const hostsIn = (groups: readonly PlannedGroup[]): number =>
    groups.reduce((sum, { group }) => sum + group.hosts, 0);
  const routes = ROUTES.map((route) => ({
    route,
    hosts: hostsIn(served.filter(({ verdict }) => verdict.route === route)),
  }));
  return {
    routes: routes.filter(({ hosts }) => hosts > 0),
    reboots: hostsIn(served.filter((group) => priceOf(group).reboots > 0)),
    unpatched: hostsIn(served.filter((group) => priceOf(group).transitionsUnpatched > 0)),
    cvesReopened: [...new Set(served.flatMap((group) => priceOf(group).cvesReopened))].toSorted(),
  };
}

/**
 * Distributes hosts over batches, so that each batch has at most `atOnce` hosts with the same value. The
 * order of the hosts is kept.
 */
export function drainBatches(
  hosts: readonly { readonly hostname: string; readonly value: string | null }[],
  atOnce: number,
): string[][] {
  const batches: string[][] = [];
  const counts = new Map<string | null, number>();
  for (const { hostname, value } of hosts) {
    const before = counts.get(value) ?? 0;
    counts.set(value, before + 1);
    (batches[Math.floor(before / atOnce)] ??= []).push(hostname);
  }
  return batches;
}
