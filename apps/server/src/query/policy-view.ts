import { type PolicyRule, secondsOf } from '@klpreg/wire';
import type { StoredPolicy } from '../store/catalog/policies.store.js';
import type * as Sdl from './generated/schema.js';
import type { PartedAnswer } from './parts.js';
import { type AppliedPolicy, partIndex } from './policy-rules.js';

const ruleView = ({
  name,
  where = [],
  raise,
  maxAge,
  evidence,
  routes,
  allow,
}: PolicyRule): Sdl.PolicyRule => ({
  name,
  where: where.map(({ key, in: values = null, notIn = null, exists = null }) => ({
    key,
    in: values,
    notIn,
    exists,
  })),
  raise,
  maxAge: maxAge === undefined ? null : secondsOf(maxAge),
  evidence: evidence ?? null,
  routes: routes ?? null,
  allow: allow ?? null,
});

export const policyView = ({ document, ...policy }: StoredPolicy): Sdl.Policy => ({
  ...policy,
  rules: document.rules.map(ruleView),
  document: JSON.stringify(document),
});

/** Returns the policy of an answer, with the number of hosts for each rule. */
export function appliedPolicyView({
  policy,
  parts,
  situations,
}: PartedAnswer & { readonly policy: AppliedPolicy | null }): Sdl.AppliedPolicy {
  const hosts = parts.map(() => 0);
  for (const { count } of situations) hosts[partIndex(count.freshnessKey)]! += count.hosts;
  const rules = parts.flatMap(({ rule, question }, i): Sdl.AppliedRule[] => {
    const { maxAgeSeconds, evidence, routes } = question;
    const codes = { raise: rule?.raise ?? [], allow: question.allow as Sdl.ReasonCode[] };
    const own = { rule: rule?.name ?? null, hosts: hosts[i]!, ...codes };
    return hosts[i] === 0 ? [] : [{ ...own, maxAge: maxAgeSeconds, evidence, routes }];
  });
  return { revision: policy?.revision ?? null, rules };
}
