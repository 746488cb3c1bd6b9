import type { Course } from './course.js';
import type { Patch } from './patch.js';
import type { KnownPatch, Scene } from './recognise.js';
import { kindOf, type Reason, sameFacts } from './reasons.js';
import type { Rules } from './rules/rules.js';
import type { RulesChoice } from './rules/select.js';
import { kindOfAll } from './verdict.js';

/** What the kernel's own state check says to a course. */
export interface Refusals {
  readonly reasons: readonly Reason[];
  /** States for which it refuses whatever the rules turn out to be: nothing can be left behind of them. */
  readonly states: ReadonlySet<bigint>;
}

/** Which listed patches does the state check meet when the target is loaded? */
const listedAtLoad = (course: Course): readonly KnownPatch[] => [...course.stays, ...course.replaced];

/** What the state rule takes of a patch; null where its states are not known. Where the replace flag is not known, only what holds for both values is certain. */
function forRules(patch: KnownPatch): Patch | null {
  return patch.states === null ? null : (patch.asPatch ?? { name: patch.name, replace: false, states: patch.states });
}

const known = (patches: readonly KnownPatch[]): Patch[] => patches.flatMap((patch) => forRules(patch) ?? []);

/** Why would the kernel refuse under these rules? Patches whose states are not known can only add refusals: they are doubts of their own. */
function refuseUnder(rules: Rules, course: Course, scene: Scene): Reason[] {
  const disabling = known(course.disabled).flatMap((patch) => rules.findDisableRefusals(patch));
  const target = course.load === null ? null : forRules(course.load);
  if (target === null) return disabling;
  return [...disabling, ...rules.findStateRefusals(target, known(listedAtLoad(course))).map((reason) => passesWithTime(reason, scene))];
}

/** A refusal for the sake of a patch that an open transition is taking off the list goes away with it. */
function passesWithTime(reason: Reason, scene: Scene): Reason {
  const open = scene.inTransition;
  if (open === null) return reason;
  const outgoing = open.enabled ? open.replace === true && reason.patch !== open.name : reason.patch === open.name;
  return outgoing ? { ...reason, clearedBy: 'TIME' } : reason;
}

const refusedStates = (reasons: readonly Reason[]): bigint[] =>
  reasons.flatMap((reason) => (reason.stateId !== undefined && kindOf(reason) === 'REFUSED' ? [reason.stateId] : []));

/** What a proposal adds to a patch (a set, a ban on disabling) is in no file that we can read: with patches on the list it may always decide. */
const beyondReading = (rules: RulesChoice, scene: Scene): boolean =>
  rules.basis !== 'ASKED' &&
  scene.list.length > 0 &&
  rules.candidates.some((candidate) => candidate.name === 'block-disable' || candidate.name === 'replace-set');

/**
 * Why would the kernel's state check refuse this course?
 *
 * Judged under each rule set that remains possible; where they disagree, the rules are the doubt.
 */
export function findRefusals(course: Course, scene: Scene, rules: RulesChoice): Refusals {
  if (course.route === 'NONE_NEEDED') return { reasons: [], states: new Set() };
  const names = rules.candidates.map((candidate) => candidate.name);
  if (names.length === 0) return { reasons: [{ code: 'RULES_UNKNOWN', detail: 'no rule set describes this kernel' }], states: new Set() };
  const each = rules.candidates.map((candidate) => refuseUnder(candidate, course, scene));
  const union = each.flat().filter((reason, i, all) => all.findIndex((other) => sameFacts(reason, other)) === i);
  const states = new Set(refusedStates(union).filter((id) => each.every((reasons) => refusedStates(reasons).includes(id))));
  const disagree = new Set(each.map((reasons) => kindOfAll(reasons, []))).size > 1;
  return { reasons: disagree || beyondReading(rules, scene) ? [{ code: 'RULES_UNKNOWN', detail: names.join(' or ') }, ...union] : union, states };
}
