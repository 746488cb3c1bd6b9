import { loadedName, type Situation } from '@klpreg/compat';
import type { Scope } from '../store/access/tokens.store.js';
import type { Fleet, FleetAnswer } from './fleet.js';
import type * as Sdl from './generated/schema.js';
import type { AppliedPolicy } from './policy-rules.js';
import { addHosts, type Counts, noHosts } from './verdict-counts.js';

/** The maximum number of groups of one target. */
const MAX_GROUPS = 100;

interface Group {
  readonly runs: readonly string[];
  readonly kernelRelease: string | null;
  readonly arch: string | null;
  readonly before: Counts;
  readonly after: Counts;
}

/**
 * Returns what another policy would change in the verdicts on a target, at one instant.
 *
 * @param checkTime throws if no time is left for the question
 */
export async function policyDifference(
  fleet: Fleet,
  to: Sdl.TargetInput,
  policy: AppliedPolicy,
  scope: Scope | null,
  checkTime: () => void,
): Promise<Sdl.PolicyDifference> {
  const before = await fleet.ask({ to }, scope);
  checkTime();
  const after = await fleet.ask({ to }, scope, false, { policy, at: before });
  checkTime();
  const { situations } = await fleet.load(
    before,
    before.situations.map(({ count }) => count.freshnessKey.situationId),
  );
  const groups = new Map<string, Group>();
  addAll(groups, before, 'before', situations);
  addAll(groups, after, 'after', situations);
  const changed = [...groups.values()]
    .filter((group) => JSON.stringify(group.before) !== JSON.stringify(group.after))
    .toSorted((a, b) => b.before.total - a.before.total || (a.runs.join() < b.runs.join() ? -1 : 1));
  return {
    to: targetText(to),
    before: before.counts,
    after: after.counts,
    groups: changed.slice(0, MAX_GROUPS),
    moreGroups: Math.max(0, changed.length - MAX_GROUPS),
  };
}

/** Adds the hosts of an answer to their groups by stack and kernel. */
function addAll(
  groups: Map<string, Group>,
  answer: FleetAnswer,
  side: 'before' | 'after',
  situations: ReadonlyMap<string, Situation>,
): void {
  for (const { count, verdict } of answer.situations) {
    const situation = situations.get(count.freshnessKey.situationId ?? '');
    const { kernelRelease = null, arch = null, list = [] } = situation ?? {};
    const runs = list.map(({ name }) => loadedName(name));
    const key = JSON.stringify([runs, kernelRelease, arch]);
    const group = groups.get(key) ?? { runs, kernelRelease, arch, before: noHosts(), after: noHosts() };
    groups.set(key, group);
    addHosts(group[side], verdict, count.hosts);
  }
}

function targetText({ buildId, release, name, original }: Sdl.TargetInput): string {
  if (buildId != null) return `build-id:${buildId}`;
  if (release != null) return `release:${release}`;
  if (name != null) return `name:${name}`;
  return original === true ? 'original' : 'previous';
}
