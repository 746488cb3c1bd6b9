import type { FreshnessKey } from '../hosts/hosts-at.js';
import { eachCohort, elements, type Group, groupKey, newGroup, type WrittenArrays } from './cohort-counts.js';
import type { CohortGroup, SituationCount, WrittenCounts } from './fleet-counts.js';

/** Hosts with one freshness key: arrays of their label sets, and of the number of hosts with each. */
export type StaleHosts = readonly [
  situationId: string,
  suspect: boolean,
  superseded: boolean,
  level: FreshnessKey['level'],
  overdue: boolean,
  labelSetIds: string,
  hosts: string,
];

/** Which label sets and situations match a condition; null: all do. Contents never change, nor does this. */
export interface Matches {
  readonly labelSets: Map<string, boolean> | null;
  readonly situations: Map<string, boolean> | null;
}

export interface Unknown {
  readonly labelSets: ReadonlySet<string>;
  readonly situations: ReadonlySet<string>;
}

/** The matching cohorts of a group, and the number of their hosts. */
interface Matching extends CohortGroup {
  readonly sum: number;
}

/** What a condition matches of each group; null: not its situation. A group that changes is another object. */
export type MatchingGroups = WeakMap<Group, Matching | null>;

/** The groups with these deltas. The cached ones are not changed: a group with deltas is copied. */
export function withDeltas(
  cached: ReadonlyMap<string, Group>,
  deltas: readonly WrittenArrays[],
): Map<string, Group> {
  const groups = new Map(cached);
  const copies = new Set<Group>();
  for (const arrays of deltas)
    eachCohort(arrays, (situationId, suspect, labelSetId, hosts) => {
      const key = groupKey(situationId, suspect);
      let group = groups.get(key) ?? newGroup(situationId, suspect);
      if (!copies.has(group)) {
        group = { ...group, hosts: new Map(group.hosts) };
        groups.set(key, group);
        copies.add(group);
      }
      group.hosts.set(labelSetId, (group.hosts.get(labelSetId) ?? 0) + hosts);
    });
  return groups;
}

/**
 * Adds up the hosts that match. Stale hosts are taken out of their cohort, and counted under their own key.
 *
 * @param shared returns the object that all answers use for this freshness key
 */
export function addUp(
  groups: ReadonlyMap<string, Group>,
  stale: readonly StaleHosts[],
  matches: Matches,
  matching: MatchingGroups,
  withCohorts: boolean,
  shared: (freshnessKey: FreshnessKey) => FreshnessKey,
): Pick<WrittenCounts, 'rows' | 'cohorts'> {
  const taken = new Map<string, Map<string, number>>();
  const staleGroups: Matching[] = [];
  for (const [situationId, suspect, superseded, level, overdue, labelSetIds, numbers] of stale) {
    const key = groupKey(situationId, suspect);
    const written = elements(numbers);
    const hosts = new Map(elements(labelSetIds).map((id, i) => [id, Number(written[i])]));
    const freshnessKey = shared({ situationId, suspect, superseded, level, overdue });
    const group = matchingIn({ freshnessKey, hosts }, matches);
    if (group === null) continue;
    staleGroups.push(group);
    const byLabels = taken.get(key) ?? new Map<string, number>();
    taken.set(key, byLabels);
    group.labelSetIds.forEach((id, i) => byLabels.set(id, (byLabels.get(id) ?? 0) + group.hosts[i]!));
  }
  const all: Matching[] = [];
  for (const [key, group] of groups) {
    const known = matching.get(group);
    const found = known === undefined ? matchingIn(group, matches) : known;
    if (known === undefined) matching.set(group, found);
    if (found !== null) all.push(without(found, taken.get(key)));
  }
  all.push(...staleGroups);
  const rows: SituationCount[] = [];
  for (const { freshnessKey, sum } of all) if (sum > 0) rows.push({ freshnessKey, hosts: sum });
  return { rows, cohorts: withCohorts ? all.filter(({ hosts }) => hosts.length > 0) : null };
}

/** The label sets and situations of these groups of which it was not asked yet whether they match. */
export function unknownIn(
  groups: ReadonlyMap<string, Group>,
  { labelSets, situations }: Matches,
  matching: MatchingGroups,
): Unknown {
  const unknown = { labelSets: new Set<string>(), situations: new Set<string>() };
  for (const group of groups.values()) {
    if (matching.has(group)) continue;
    const { situationId } = group.freshnessKey;
    if (situationId !== null && situations?.has(situationId) === false) unknown.situations.add(situationId);
    if (labelSets !== null)
      for (const id of group.hosts.keys()) if (!labelSets.has(id)) unknown.labelSets.add(id);
  }
  return unknown;
}

/** The cohorts of a group that match. Null: its situation does not. */
function matchingIn({ freshnessKey, hosts }: Group, { labelSets, situations }: Matches): Matching | null {
  const { situationId } = freshnessKey;
  if (situations !== null && (situationId === null || situations.get(situationId) !== true)) return null;
  const cohorts = [...hosts].filter(
    ([id, counted]) => counted !== 0 && (labelSets === null || labelSets.get(id) === true),
  );
  return {
    freshnessKey,
    labelSetIds: cohorts.map(([id]) => id),
    hosts: cohorts.map(([, counted]) => counted),
    sum: cohorts.reduce((sum, [, counted]) => sum + counted, 0),
  };
}

/** The cohorts of a group without their stale hosts. */
function without(group: Matching, stale: ReadonlyMap<string, number> | undefined): Matching {
  if (stale === undefined) return group;
  const fresh = group.hosts.map((counted, i) => counted - (stale.get(group.labelSetIds[i]!) ?? 0));
  return {
    freshnessKey: group.freshnessKey,
    labelSetIds: group.labelSetIds.filter((_, i) => fresh[i] !== 0),
    hosts: fresh.filter((counted) => counted !== 0),
    sum: fresh.reduce((sum, counted) => sum + counted, 0),
  };
}
