import { loadedName, type Situation, type StateImpact } from '@klpreg/compat';
import type { SituationCount } from '../store/counts/fleet-counts.js';
import type * as Sdl from './generated/schema.js';

/** What the summary shows of a published patch. */
interface PublishedImpact {
  readonly impact: StateImpact;
}

/** The maximum number of values in each list. */
const MAX_VALUES = 100;

const IMPACTS: readonly string[] = ['NONE', 'DECLARED', 'UNDECLARED', 'UNREADABLE', 'UNKNOWN'];

/** Formats a list of patches, oldest first. */
export const stackText = (names: readonly string[]): string =>
  names.length === 0 ? '(original)' : names.join(' < ');

/** Counts hosts by value. */
class ValueCounts {
  private readonly hosts = new Map<string, number>();

  add(value: string, hosts: number): void {
    this.hosts.set(value, (this.hosts.get(value) ?? 0) + hosts);
  }

  /** The most hosts first. */
  list(): Sdl.FleetCount[] {
    return [...this.hosts]
      .map(([value, hosts]) => ({ value, hosts }))
      .toSorted((a, b) => b.hosts - a.hosts || (a.value < b.value ? -1 : 1))
      .slice(0, MAX_VALUES);
  }
}

/** Returns the largest impact of the listed patches. */
const impactOf = ({ list }: Situation, published: ReadonlyMap<string, PublishedImpact>): string => {
  const impacts = list.map(({ buildId }) => (buildId === null ? undefined : published.get(buildId))?.impact);
  return impacts
    .map((impact) => impact ?? 'UNKNOWN')
    .reduce((most, next) => (IMPACTS.indexOf(next) > IMPACTS.indexOf(most) ? next : most), 'NONE');
};

/** Adds up what the hosts of a fleet run. */
export function summariseFleet(
  counts: readonly SituationCount[],
  situations: ReadonlyMap<string, Situation>,
  published: ReadonlyMap<string, PublishedImpact>,
): Omit<Sdl.FleetSummary, 'snapshot' | 'limitedByScope' | 'ages'> {
  const freshness = new ValueCounts();
  const kernels = new ValueCounts();
  const archs = new ValueCounts();
  const stacks = new ValueCounts();
  const patches = new ValueCounts();
  const bootHistory = new ValueCounts();
  const impact = new ValueCounts();
  const sums = {
    hosts: 0,
    inTransition: 0,
    withLeftovers: 0,
    stacked: 0,
    unpublished: 0,
    suspect: 0,
    superseded: 0,
  };
  const count = (field: keyof typeof sums, hosts: number, holds = true) => {
    if (holds) sums[field] += hosts;
  };
  for (const { freshnessKey, hosts } of counts) {
    const { situationId, level, suspect, superseded } = freshnessKey;
    count('hosts', hosts);
    count('suspect', hosts, suspect);
    count('superseded', hosts, superseded);
    freshness.add(level === 'AHEAD' ? 'LOST' : level, hosts);
    const situation = situationId === null ? undefined : situations.get(situationId);
    if (situation === undefined) continue;
    const { list } = situation;
    const names = list.map(({ name }) => loadedName(name));
    kernels.add(situation.kernelRelease, hosts);
    archs.add(situation.arch, hosts);
    stacks.add(stackText(names), hosts);
    for (const name of new Set(names)) patches.add(name, hosts);
    bootHistory.add(situation.bootHistory, hosts);
    impact.add(impactOf(situation, published), hosts);
    count(
      'inTransition',
      hosts,
      list.some(({ transition }) => transition),
    );
    count('withLeftovers', hosts, situation.leftovers.length > 0);
    count('stacked', hosts, list.length > 1);
    count(
      'unpublished',
      hosts,
      list.some(({ buildId }) => buildId === null || !published.has(buildId)),
    );
  }
  return {
    ...sums,
    freshness: freshness.list(),
    kernels: kernels.list(),
    archs: archs.list(),
    stacks: stacks.list(),
    patches: patches.list(),
    bootHistory: bootHistory.list(),
    impact: impact.list(),
  };
}
