import type { Plan } from '../routes/plan.js';
import type { Patch } from '../rules/patch.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { type Reason, sameFacts } from '../reasons/reasons.js';
import type { Rules } from '../rules/rules.js';
import type { RulesChoice } from '../rules/select.js';

/** What the kernel's own state check says to a plan. */
export interface Refusals {
  readonly reasons: readonly Reason[];
  /** Refusals that stand whatever the rules turn out to be: of their states nothing can be left behind. */
  readonly certain: readonly Reason[];
  /** Every kernel state of every patch that the target meets was checked: for each there is a refusal, or the target holds it. */
  readonly checked: boolean;
}

const NONE: readonly Reason[] = [];
const NO_REFUSALS: Refusals = { reasons: NONE, certain: NONE, checked: false };
const ACCEPTED: Refusals = { ...NO_REFUSALS, checked: true };

/** Which listed patches does the state check meet when the target is loaded? */
export const listedAtLoad = ({ stays, replaced }: Plan): readonly KnownPatch[] =>
  stays.length === 0 ? replaced : replaced.length === 0 ? stays : [...stays, ...replaced];

/** What the state rule takes of a patch; null where its states are not known. Where the replace flag is not known, only what holds for both values is certain. */
function forRules(patch: KnownPatch): Patch | null {
  return patch.states === null ? null : (patch.asPatch ?? { name: patch.name, replace: false, states: patch.states });
}

/** What the state rule takes of those patches whose states are known: most often of all. */
const known = (patches: readonly KnownPatch[]): readonly Patch[] =>
  patches.every(({ states }) => states !== null) ? patches.map((patch) => forRules(patch)!) : patches.flatMap((patch) => forRules(patch) ?? []);

/** Why would the kernel refuse under these rules? Patches whose states are not known can only add refusals: they are doubts of their own. */
function refuseUnder(rules: Rules, plan: Plan, host: ResolvedSituation): readonly Reason[] {
  const refusals = plan.disabled.length === 0 ? NONE : known(plan.disabled).flatMap((read) => rules.findDisableRefusals(read));
  const target = plan.load === null ? null : forRules(plan.load);
  if (target === null) return refusals;
  const atLoad = rules.findStateRefusals(target, known(listedAtLoad(plan)));
  if (atLoad.length === 0) return refusals;
  if (refusals.length === 0 && host.inTransition === null) return atLoad;
  return [...refusals, ...(host.inTransition === null ? atLoad : atLoad.map((reason) => passesWithTime(reason, host)))];
}

/** A refusal for the sake of a patch that an open transition is taking off the list goes away with it. */
function passesWithTime(reason: Reason, host: ResolvedSituation): Reason {
  const open = host.inTransition;
  if (open === null) return reason;
  const outgoing = open.enabled ? open.replace === true && reason.patch !== open.name : reason.patch === open.name;
  return outgoing ? { ...reason, clearedBy: 'TIME' } : reason;
}

/** Of which of the first refusals is the state refused under each of the other rule sets too? */
const refusedUnderEach = ([first, ...others]: readonly (readonly Reason[])[]): readonly Reason[] =>
  others.length === 0 ? first! : first!.filter(({ stateId }) => others.every((reasons) => reasons.some((other) => other.stateId === stateId)));

/** What a proposal adds to a patch (a set, a ban on disabling) is in no file that we can read: with patches on the list it may always decide. */
const beyondReading = (rules: RulesChoice, host: ResolvedSituation): boolean =>
  rules.basis !== 'ASKED' &&
  host.list.length > 0 &&
  rules.candidates.some((candidate) => candidate.name === 'block-disable' || candidate.name === 'replace-set');

/**
 * Why would the kernel's state check refuse this plan?
 *
 * Judged under each rule set that remains possible; where they disagree, the rules are the doubt.
 */
export function findRefusals(plan: Plan, host: ResolvedSituation, rules: RulesChoice): Refusals {
  // Turning a transition round asks nothing (`klp_reverse_transition()`); whether a proposal's ban would, no one can say.
  if (plan.route === 'NONE_NEEDED' || plan.route === 'REBOOT') return NO_REFUSALS;
  if (rules.candidates.length === 0)
    return { reasons: [{ code: 'RULES_UNKNOWN', detail: 'no rule set describes this kernel' }], certain: NONE, checked: false };
  const checked = rules.candidates.length === 1 && rules.candidates[0]!.name === 'klp-5.5' && plan.load?.asPatch?.replace === true;
  const inDoubt = beyondReading(rules, host);
  const first = refuseUnder(rules.candidates[0]!, plan, host);
  if (!inDoubt && rules.candidates.length === 1 && first.length === 0) return checked ? ACCEPTED : NO_REFUSALS;
  if (!inDoubt && rules.candidates.length === 1) return { reasons: first, certain: first, checked };
  const each = [first, ...rules.candidates.slice(1).map((candidate) => refuseUnder(candidate, plan, host))];
  if (!inDoubt && each.every((reasons) => reasons.length === 0)) return NO_REFUSALS;
  const certain = refusedUnderEach(each);
  const union = each.flat().filter((reason, i, all) => all.findIndex((other) => sameFacts(reason, other)) === i);
  return { reasons: [{ code: 'RULES_UNKNOWN', detail: rules.told.sets.join(' or ') }, ...union], certain, checked: false };
}
