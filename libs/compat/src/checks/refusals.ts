import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { type Reason, sameFacts } from '../reasons/reasons.js';
import type { Plan } from '../routes/plan.js';
import type { Patch } from '../rules/patch.js';
import type { Rules } from '../rules/rules.js';
import type { RulesChoice } from '../rules/select.js';

/** What the kernel's state check finds in a plan. */
export interface Refusals {
  readonly reasons: readonly Reason[];
  /** Refusals that stand under each possible rule set: nothing of their states can be left behind. */
  readonly certain: readonly Reason[];
  /** Every kernel state of the list was checked: for each there is a refusal, or the target holds it. */
  readonly checked: boolean;
}

const NO_REFUSALS: Refusals = { reasons: [], certain: [], checked: false };

/** Returns the listed patches that the state check compares when the target is loaded. */
export const listedAtLoad = ({ stays, replaced }: Plan): readonly KnownPatch[] => [...stays, ...replaced];

/**
 * Returns what the state rule reads of a patch; null if its states are not known.
 *
 * If the replace flag is not known, only what holds for both values is certain.
 */
const forRules = ({ asPatch, name, states }: KnownPatch): Patch | null =>
  states === null ? null : (asPatch ?? { name, replace: false, states });

/** Returns what the state rule reads of those patches whose states are known. */
const known = (patches: readonly KnownPatch[]): readonly Patch[] =>
  patches.flatMap((patch) => forRules(patch) ?? []);

/**
 * Returns why the kernel would refuse under these rules.
 *
 * Patches whose states are not known can only add refusals. They are doubts of their own.
 */
function refuseUnder(
  rules: Rules,
  { disabled, load, ...plan }: Plan,
  host: ResolvedSituation,
): readonly Reason[] {
  const atDisabling = known(disabled).flatMap((patch) => rules.findDisableRefusals(patch));
  const target = load === null ? null : forRules(load);
  if (target === null) return atDisabling;
  const atLoad = rules.findStateRefusals(target, known(listedAtLoad({ ...plan, disabled, load })));
  return [...atDisabling, ...atLoad.map((reason) => passesWithTime(reason, host))];
}

/** A refusal because of a patch that an open transition is taking off the list goes away with it. */
function passesWithTime(reason: Reason, { inTransition }: ResolvedSituation): Reason {
  if (inTransition === null) return reason;
  const { enabled, replace, name } = inTransition;
  const outgoing = enabled ? replace === true && reason.patch !== name : reason.patch === name;
  return outgoing ? { ...reason, clearedBy: 'TIME' } : reason;
}

/** Returns those of the first refusals whose state is refused under each of the other rule sets too. */
const refusedUnderEach = ([first, ...others]: readonly (readonly Reason[])[]): readonly Reason[] =>
  first!.filter(({ stateId }) =>
    others.every((reasons) => reasons.some((other) => other.stateId === stateId)),
  );

/**
 * Returns whether a proposal's rules may decide by what is in no file that we can read: a set, a ban on
 * disabling.
 *
 * Only patches on the list can have these.
 */
const beyondReading = ({ basis, candidates }: RulesChoice, host: ResolvedSituation): boolean =>
  basis !== 'QUESTION' &&
  host.list.length > 0 &&
  candidates.some(({ name }) => name === 'block-disable' || name === 'replace-set');

/**
 * Returns why the kernel's state check would refuse this plan.
 *
 * The plan is judged under each rule set that remains possible. If several remain, the rules are a doubt.
 */
export function findRefusals(plan: Plan, host: ResolvedSituation, rules: RulesChoice): Refusals {
  const { candidates } = rules;
  if (plan.route === 'NONE_NEEDED' || plan.route === 'REBOOT') return NO_REFUSALS;
  if (candidates.length === 0)
    return {
      ...NO_REFUSALS,
      reasons: [{ code: 'RULES_UNKNOWN', detail: 'no rule set describes this kernel' }],
    };
  const each = candidates.map((candidate) => refuseUnder(candidate, plan, host));
  const inDoubt = beyondReading(rules, host);
  if (!inDoubt && candidates.length === 1) {
    const checked = candidates[0]!.name === 'klp-5.5' && plan.load?.asPatch?.replace === true;
    return { reasons: each[0]!, certain: each[0]!, checked };
  }
  const all = each.flat();
  if (!inDoubt && all.length === 0) return NO_REFUSALS;
  const union = all.filter((reason, i) => all.findIndex((other) => sameFacts(reason, other)) === i);
  const doubt: Reason = { code: 'RULES_UNKNOWN', detail: rules.chosen.sets.join(' or ') };
  return { reasons: [doubt, ...union], certain: refusedUnderEach(each), checked: false };
}
