import type { Question } from '@klpreg/compat';
import type { LabelCondition, PolicyRule } from '@klpreg/wire';
import type { StoredPolicy } from '../store/catalog/policies.store.js';
import type { Labels } from '../store/content/labels.store.js';
import type { Condition, LabelTest } from '../store/hosts/condition.js';
import type { FreshnessKey, FreshnessLimits } from '../store/hosts/hosts-at.js';

/** A policy, as far as verdicts depend on it. */
export type AppliedPolicy = Pick<StoredPolicy, 'document'> & { readonly revision: number | null };

/** The hosts of a question for which one rule holds, and how they are judged. */
export interface Part {
  /** Null: no rule holds for them. */
  readonly rule: PolicyRule | null;
  readonly condition: Condition;
  readonly question: Question;
  /** The codes that the question or the rule allows, without those of waivers. */
  readonly allowed: readonly string[];
  readonly limits: FreshnessLimits;
}

/** Returns the index of the part in which the hosts with this freshness key are. */
export const partIndex = ({ part }: FreshnessKey): number => part ?? 0;

/** Returns the part in which the hosts with this freshness key are. */
export const partAt = (parts: readonly Part[], freshnessKey: FreshnessKey): Part =>
  parts[partIndex(freshnessKey)]!;

/** The rules that can hold for a host: none after one that holds for every host. */
function rulesOf(policy: AppliedPolicy | null): readonly PolicyRule[] {
  const rules = policy?.document.rules ?? [];
  const last = rules.findIndex(({ where }) => where === undefined);
  return last < 0 ? rules : rules.slice(0, last + 1);
}

const toTests = ({ where = [] }: PolicyRule): LabelTest[] =>
  where.map(({ key, in: values, notIn, exists }) => ({
    key,
    is: values !== undefined ? { in: values } : notIn !== undefined ? { notIn } : { exists: exists! },
    authoritative: true,
  }));

/**
 * Splits the hosts of a condition by the rule that holds for them. Each host is in exactly one part, and a
 * policy whose first rule holds for every host makes one part.
 */
export function splitByRule(
  policy: AppliedPolicy | null,
  condition: Condition,
): { rule: PolicyRule | null; condition: Condition }[] {
  const rules = rulesOf(policy);
  const isTotal = rules.at(-1)?.where === undefined && rules.length > 0;
  return [...rules, ...(isTotal ? [] : [null])].map((rule, i) => {
    const tests = [
      ...(rule === null ? [] : toTests(rule)),
      ...rules.slice(0, rule === null ? rules.length : i).map((earlier) => ({ notAll: toTests(earlier) })),
    ];
    const labels = [...(condition.labels ?? []), ...tests];
    return { rule, condition: tests.length === 0 ? condition : { ...condition, labels } };
  });
}

function meets(labels: Labels, { key, in: values, notIn, exists }: LabelCondition): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key]! : null;
  if (values !== undefined) return value !== null && values.includes(value);
  if (notIn !== undefined) return value === null || !notIn.includes(value);
  return (value !== null) === exists;
}

/** Returns the index of the part of `splitByRule` in which a host with these labels is. */
export function partOf(policy: AppliedPolicy | null, labels: Labels): number {
  const rules = rulesOf(policy);
  const at = rules.findIndex(({ where = [] }) => where.every((condition) => meets(labels, condition)));
  return at < 0 ? rules.length : at;
}

/** Returns the rule that holds for a host with these labels; null: none does. */
export const ruleFor = (policy: AppliedPolicy | null, labels: Labels): PolicyRule | null =>
  rulesOf(policy)[partOf(policy, labels)] ?? null;

/** Returns whether both policies judge every host alike. */
export const judgeAlike = (a: AppliedPolicy | null, b: AppliedPolicy | null): boolean =>
  a?.revision === b?.revision && JSON.stringify(a?.document) === JSON.stringify(b?.document);
