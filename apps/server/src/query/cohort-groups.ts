import { setImmediate } from 'node:timers/promises';
import { kindOf, type Situation, type Verdict } from '@klpreg/compat';
import type { CohortRow } from '../store/counts/fleet-counts.js';
import { AGENT_PREFIX, type Labels } from '../store/content/labels.store.js';
import { type FreshnessKey, freshnessKeyText } from '../store/hosts/hosts-at.js';
import type { CohortKey } from './generated/schema.js';
import { partIndex } from './policy-rules.js';
import { reasonKey } from './reason-counts.js';

/** The properties by which cohorts are grouped, in addition to the answer. */
export interface Grouping {
  readonly by: readonly CohortKey[];
  readonly labels: readonly string[];
  /** Lists of other builds with the same names are other lists. */
  readonly builds?: true;
  /** Each group names its freshness keys. */
  readonly members?: true;
}

/** What a grouping needs to know of cohorts. */
export interface CohortFacts {
  readonly situations: ReadonlyMap<string, Situation>;
  readonly labels: ReadonlyMap<string, Labels>;
  /** Labels that a host reports do not count. */
  readonly authoritative: boolean;
  readonly verdicts: ReadonlyMap<FreshnessKey, Verdict>;
}

/** Cohorts with the same properties and the same answer. */
export interface GroupedCohorts {
  /** Identifies its properties and its answer. */
  readonly key: string;
  /** Identifies its properties alone. */
  readonly properties: string;
  readonly hosts: number;
  /** The largest of them. */
  readonly largest: CohortRow;
  /** The labels by which they are grouped. */
  readonly labels: Labels;
  /** The texts of their freshness keys, if they are asked for. */
  readonly members: Set<string>;
}

/** Identifies a freshness key of an answer. */
export const memberText = (key: FreshnessKey): string => `${partIndex(key)} ${freshnessKeyText(key)}`;

/** The number of cohorts that are grouped before other requests have their turn: a few milliseconds. */
const COHORTS_PER_TURN = 2_000;

const patchKey = (
  { name, enabled, transition, buildId }: Situation['list'][number],
  builds?: true,
): unknown[] => [name, enabled, transition, ...(builds === true ? [buildId] : [])];

/** Identifies everything of a verdict but advisories. Reasons about builds of one patch are the same. */
export const answerKey = ({
  kind,
  route,
  errno,
  accepted,
  allowed,
  steps,
  price,
  reasons,
}: Verdict): unknown[] => [
  kind,
  route,
  errno,
  accepted,
  allowed,
  steps.map(({ action, patch }) => [action, patch]),
  price,
  [...new Set(reasons.filter((reason) => kindOf(reason) !== 'ADVISORY').map(reasonKey))].toSorted(),
];

/** Returns the values of these labels that a host has. */
export function labelsOf(all: Labels, keys: readonly string[], authoritative: boolean): Labels {
  const values = keys.flatMap((key) => {
    const of = (name: string) => (Object.hasOwn(all, name) ? all[name] : undefined);
    const value = of(key) ?? (authoritative ? undefined : of(`${AGENT_PREFIX}${key}`));
    return value === undefined || (authoritative && key.startsWith(AGENT_PREFIX)) ? [] : [[key, value]];
  });
  return Object.fromEntries(values);
}

/** Groups cohorts, in the order in which their groups first occur. Other requests have their turn meanwhile. */
export async function groupCohorts(
  cohorts: readonly CohortRow[],
  { situations, labels, authoritative, verdicts }: CohortFacts,
  grouping: Grouping,
): Promise<GroupedCohorts[]> {
  const answers = new Map<Verdict, string>();
  const answerOf = (verdict: Verdict) => {
    const known = answers.get(verdict) ?? JSON.stringify(answerKey(verdict));
    answers.set(verdict, known);
    return known;
  };
  const has = (key: CohortKey) => grouping.by.includes(key);
  const [byStack, byKernel, byFreshness] = [has('STACK'), has('KERNEL'), has('FRESHNESS')];
  const groups = new Map<string, GroupedCohorts>();
  for (const [i, cohort] of cohorts.entries()) {
    if (i % COHORTS_PER_TURN === COHORTS_PER_TURN - 1) await setImmediate();
    const { situationId, level } = cohort.freshnessKey;
    const situation = situationId === null ? undefined : situations.get(situationId);
    const own = labelsOf(labels.get(cohort.labelSetId) ?? {}, grouping.labels, authoritative);
    const properties = JSON.stringify([
      byStack && situation !== undefined
        ? situation.list.map((patch) => patchKey(patch, grouping.builds))
        : null,
      byKernel && situation !== undefined ? [situation.kernelRelease, situation.arch] : null,
      byFreshness ? level : null,
      grouping.labels.map((name) => own[name] ?? null),
    ]);
    // the rule of the policy is shown with the verdict
    const key = `${properties} ${partIndex(cohort.freshnessKey)} ${answerOf(verdicts.get(cohort.freshnessKey)!)}`;
    const group = groups.get(key);
    const members = group?.members ?? new Set();
    if (grouping.members === true) members.add(memberText(cohort.freshnessKey));
    groups.set(key, {
      key,
      properties,
      hosts: (group?.hosts ?? 0) + cohort.hosts,
      largest: group !== undefined && group.largest.hosts >= cohort.hosts ? group.largest : cohort,
      labels: own,
      members,
    });
  }
  return [...groups.values()];
}
