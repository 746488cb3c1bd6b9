import { loadedName, type Situation, type Verdict } from '@klpreg/compat';
import type { FreshnessKey } from '../store/hosts/hosts-at.js';
import { answerKey } from './cohort-groups.js';
import type { DriftCause, DriftTransition, VerdictKind } from './generated/schema.js';

/** Hosts that have the same facts at both instants, and their verdicts. */
export interface Drifted {
  readonly before: FreshnessKey;
  readonly after: FreshnessKey;
  readonly hosts: number;
  readonly examples: readonly string[];
  readonly verdictBefore: Verdict;
  readonly verdictAfter: Verdict;
  /** With the facts, the freshness and the catalog of before, and the policy of after. */
  readonly withPolicy: Verdict;
  /** With the facts and the freshness of before, and the policy and the catalog of after. */
  readonly withCatalog: Verdict;
  /** With the facts of before, and the policy, the catalog and the freshness of after. */
  readonly withFreshness: Verdict;
}

/** Whether the answer is another one: its kind, or whether the question accepts it. */
const isOther = (a: Verdict, b: Verdict): boolean => a.kind !== b.kind || a.accepted !== b.accepted;

/**
 * Returns the change that made the answer what it is. Changes are applied one after the other: policy,
 * catalog, freshness, facts. The first with which the answer becomes the later one is the cause.
 */
function causeOf(drifted: Drifted, situations: ReadonlyMap<string, Situation>): DriftCause {
  const { verdictAfter, withPolicy, withCatalog, withFreshness, before, after } = drifted;
  if (!isOther(withPolicy, verdictAfter)) return 'POLICY';
  if (!isOther(withCatalog, verdictAfter)) return 'CATALOG';
  if (!isOther(withFreshness, verdictAfter)) return 'FRESHNESS';
  const [was, is] = [before, after].map(({ situationId }) => situations.get(situationId ?? ''));
  if (was === undefined || is === undefined) return 'FACTS';
  if (kernelOf(was) !== kernelOf(is)) return 'KERNEL';
  return listOf(was) !== listOf(is) ? 'STACK' : 'FACTS';
}

const kernelOf = ({ kernelRelease, arch }: Situation): string => `${kernelRelease} ${arch}`;
const listOf = ({ list }: Situation): string =>
  JSON.stringify(list.map(({ name, buildId, enabled, transition }) => [name, buildId, enabled, transition]));

/** Hosts with the same change: what they run, the answers, and the cause. */
export interface DriftedGroup {
  readonly largest: Drifted;
  readonly hosts: number;
  readonly cause: DriftCause;
  readonly runsBefore: readonly string[];
  readonly runs: readonly string[];
  readonly kernelBefore: string | null;
  readonly kernel: string | null;
}

/** Groups hosts whose answer changed. Lost ways come first, then the largest group. */
export function groupDrifted(
  all: readonly Drifted[],
  situations: ReadonlyMap<string, Situation>,
): DriftedGroup[] {
  const groups = new Map<string, DriftedGroup>();
  for (const drifted of all) {
    if (!isOther(drifted.verdictBefore, drifted.verdictAfter)) continue;
    const [was, is] = [drifted.before, drifted.after].map(({ situationId }) =>
      situations.get(situationId ?? ''),
    );
    const shown = {
      cause: causeOf(drifted, situations),
      runsBefore: namesOf(was),
      runs: namesOf(is),
      kernelBefore: was?.kernelRelease ?? null,
      kernel: is?.kernelRelease ?? null,
    };
    const key = JSON.stringify([shown, answerKey(drifted.verdictBefore), answerKey(drifted.verdictAfter)]);
    const known = groups.get(key);
    groups.set(key, {
      ...shown,
      hosts: (known?.hosts ?? 0) + drifted.hosts,
      largest: known !== undefined && known.largest.hosts >= drifted.hosts ? known.largest : drifted,
    });
  }
  const rankOf = ({ largest: { verdictBefore, verdictAfter } }: DriftedGroup): number =>
    verdictBefore.accepted && !verdictAfter.accepted ? 0 : verdictAfter.accepted ? 2 : 1;
  return [...groups]
    .toSorted(
      ([a, one], [b, other]) => rankOf(one) - rankOf(other) || other.hosts - one.hosts || (a < b ? -1 : 1),
    )
    .map(([, group]) => group);
}

const namesOf = (situation: Situation | undefined): string[] =>
  (situation?.list ?? []).map(({ name }) => loadedName(name));

/** Counts hosts by their kinds at both instants, most hosts first; null: they did not match then. */
export function transitionsOf(
  rows: readonly {
    readonly before: VerdictKind | null;
    readonly after: VerdictKind | null;
    readonly hosts: number;
  }[],
): DriftTransition[] {
  const sums = new Map<string, DriftTransition>();
  for (const { before, after, hosts } of rows) {
    const key = `${before} ${after}`;
    sums.set(key, { before, after, hosts: (sums.get(key)?.hosts ?? 0) + hosts });
  }
  return [...sums]
    .toSorted(([a, one], [b, other]) => other.hosts - one.hosts || (a < b ? -1 : 1))
    .map(([, transition]) => transition);
}
