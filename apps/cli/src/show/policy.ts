import type {
  AppliedPolicy,
  Policy,
  PolicyChange,
  PolicyDifference,
  VerdictCounts,
} from '../registry/generated/operations.js';
import { clean } from './clean.js';
import { table } from './table.js';

type Rule = Policy['rules'][number];

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** Formats a condition in the language of --where. */
function conditionText({ key, in: values, notIn, exists }: Rule['where'][number]): string {
  if (values !== null) return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`;
  if (notIn !== null) return notIn.length === 1 ? `${key}!=${notIn[0]}` : `${key} notin (${notIn.join(',')})`;
  return exists === true ? key : `!${key}`;
}

const listText = (values: readonly string[] | null): string =>
  values === null ? '' : values.length === 0 ? 'none' : values.join(', ');

/** Formats the policy of an answer as one line: its revision, and the number of hosts for each rule. */
export function appliedPolicyText({ revision, rules }: AppliedPolicy): string {
  const parts = rules.map(
    ({ rule, hosts }) => `${rule === null ? 'no rule' : `rule ${clean(rule)}`} for ${count(hosts, 'host')}`,
  );
  return `by policy revision ${revision}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

export function policyText(policy: Policy | null, width: number | null): string {
  if (policy === null) return 'there is no policy: hosts are judged by the kernel and the registry alone';
  const { revision, appliedAt, appliedBy, reason, rules } = policy;
  const rows = rules.map(({ name, where, raise, maxAge, evidence, routes, allow }) => [
    clean(name),
    clean(where.length === 0 ? 'every host' : where.map(conditionText).join(', ')),
    clean(raise.join(', ')),
    clean(
      [
        maxAge === null ? null : `max-age ${maxAge}`,
        evidence === null ? null : `evidence ${evidence}`,
        routes === null ? null : `routes ${listText(routes)}`,
        allow === null ? null : `allow ${listText(allow)}`,
      ]
        .filter((part) => part !== null)
        .join('; '),
    ),
  ]);
  const columns = [
    { head: 'RULE' },
    { head: 'HOSTS', wrap: true },
    { head: 'RAISES', wrap: true },
    { head: 'DEFAULTS', wrap: true },
  ] as const;
  return [
    `policy revision ${revision}, applied ${clean(appliedAt)} by ${clean(appliedBy)}: ${clean(reason)}`,
    rules.length === 0 ? 'it has no rules' : table([...columns], rows, width),
  ].join('\n');
}

export function historyTable(policies: readonly Policy[], width: number | null): string {
  if (policies.length === 0) return 'there is no policy';
  return table(
    [
      { head: 'REVISION', align: 'right' },
      { head: 'APPLIED' },
      { head: 'BY' },
      { head: 'RULES', align: 'right' },
      { head: 'REASON', wrap: true },
    ],
    policies.map(({ revision, appliedAt, appliedBy, rules, reason }) => [
      String(revision),
      clean(appliedAt),
      clean(appliedBy),
      String(rules.length),
      clean(reason),
    ]),
    width,
  );
}

/** Formats what `policy apply` did, or would do. */
export function changeText({ policy, replaces, differences }: PolicyChange, width: number | null): string {
  const replaced = replaces === null ? 'there was none before' : `it replaces revision ${replaces}`;
  if (policy !== null)
    return (
      `applied as policy revision ${policy.revision}, with ` +
      `${count(policy.rules.length, 'rule')}; ${replaced}`
    );
  const would = replaces === null ? 'there is no policy yet' : `the policy is revision ${replaces}`;
  return [
    `dry run, nothing was changed: ${would}`,
    ...differences.flatMap((difference) => ['', differenceText(difference, width)]),
  ].join('\n');
}

const KINDS = ['safe', 'unknown', 'unsafe', 'refused', 'accepted'] as const;

/** Formats the numbers that change: `safe 6 -> 3, unsafe 0 -> 3`. */
function changes(before: VerdictCounts, after: VerdictCounts): string {
  const changed = KINDS.filter((kind) => before[kind] !== after[kind]);
  return changed.map((kind) => `${kind} ${before[kind]} -> ${after[kind]}`).join(', ');
}

function differenceText(
  { to, before, after, groups, moreGroups }: PolicyDifference,
  width: number | null,
): string {
  const all = changes(before, after);
  const head = `to ${clean(to)}: ${all === '' ? 'no difference' : all}; ${count(before.total, 'host')}`;
  if (groups.length === 0) return head;
  const rows = groups.map((group) => [
    String(group.before.total),
    changes(group.before, group.after),
    clean(group.runs.length === 0 ? '(original)' : group.runs.join(' < ')),
    clean(group.kernelRelease ?? ''),
  ]);
  const columns = [
    { head: 'HOSTS', align: 'right' },
    { head: 'CHANGE', wrap: true },
    { head: 'RUNS', wrap: true },
    { head: 'KERNEL' },
  ] as const;
  const rest = moreGroups === 0 ? '' : `\n  and ${count(moreGroups, 'more group')}`;
  return `${head}\n${table([...columns], rows, width)}${rest}`;
}
