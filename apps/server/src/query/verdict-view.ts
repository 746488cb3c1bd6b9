import {
  clearedBy,
  errnoOf,
  explain,
  help,
  isRaised,
  kindOf,
  type Reason,
  type Verdict,
} from '@klpreg/compat';
import type { PolicyRule } from '@klpreg/wire';
import type * as Sdl from './generated/schema.js';
import { memoizedView } from './memoized-view.js';
import { RULE_SET_NAMES } from './question.js';

export const reasonView = memoizedView((reason: Reason): Sdl.Reason => {
  const {
    code,
    patch = null,
    buildId = null,
    stateId = null,
    have = null,
    need = null,
    other = null,
    function: redirected = null,
    route,
    detail = null,
  } = reason;
  const kind = kindOf(reason);
  return {
    code,
    kind,
    raised: isRaised(reason),
    clearedBy: clearedBy(reason),
    errno: kind === 'REFUSED' ? errnoOf(reason) : null,
    patch,
    buildId,
    stateId,
    have,
    need,
    other,
    function: redirected,
    routes: (route?.split(', ') ?? []) as Sdl.Route[],
    detail,
    text: explain(reason),
    help: `libs/compat/${help(code)}`,
  };
});

export const rulesView = (rules: Verdict['rules']): Sdl.RulesChoice => ({
  sets: rules.sets.map((set) => RULE_SET_NAMES[set]),
  basis: rules.basis,
});

const KINDS = ['REFUSED', 'UNSAFE', 'UNKNOWN', 'ADVISORY'];

/** @param rule the rule of the policy that holds for the host */
export const verdictView = (verdict: Verdict, rule: PolicyRule | null): Sdl.Verdict => ({
  ...withoutRule(verdict),
  policyRule: rule?.name ?? null,
});

const withoutRule = memoizedView((verdict: Verdict): Omit<Sdl.Verdict, 'policyRule'> => {
  const {
    kind,
    route,
    steps,
    price,
    searched = null,
    reasons,
    basedOnStaleFacts,
    errno,
    allowed,
    accepted,
    rules,
  } = verdict;
  const worstFirst = reasons.toSorted((a, b) => KINDS.indexOf(kindOf(a)) - KINDS.indexOf(kindOf(b)));
  return {
    kind,
    route,
    steps: steps.map(({ action, patch, buildId = null, sha256 = null }) => ({
      action,
      patch,
      buildId,
      sha256,
    })),
    price,
    searched,
    reasons: worstFirst.map(reasonView),
    basedOnStaleFacts,
    errno,
    allowed,
    accepted,
    rules: rulesView(rules),
  };
});
