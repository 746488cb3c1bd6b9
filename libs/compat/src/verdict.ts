import type { Route, Step } from './course.js';
import { errnoOf, type Errno, kindOf, loaderOrder, putsFactsInDoubt, type Reason, sameFacts, type VerdictKind } from './reasons.js';
import type { RulesBasis } from './rules/select.js';
import type { RuleSet } from './rules/rules.js';

/** The answer for one host (or for all hosts in one situation). */
export interface Verdict {
  readonly kind: VerdictKind;
  /** The way that the answer is about; a yes is a yes for this way only. null where no way leads there. */
  readonly route: Route | null;
  readonly steps: readonly Step[];
  /** All of them, not only the deciding one. */
  readonly reasons: readonly Reason[];
  /** The facts are in doubt: the other reasons are as last seen. */
  readonly asLastSeen: boolean;
  /** The error number with which an attempt would fail; null where none is predicted. */
  readonly errno: Errno | null;
  /** At least one reason is UNSAFE, whatever the kind: a refusal that passes with time may hide harm. */
  readonly harmful: boolean;
  /** Codes that the question allowed and that are among the reasons. */
  readonly allowed: readonly string[];
  readonly rules: { readonly sets: readonly RuleSet[]; readonly basis: RulesBasis };
}

const RANK: Record<VerdictKind, number> = { SAFE: 0, UNKNOWN: 1, UNSAFE: 2, REFUSED: 3 };

/** Is `a` a worse answer than `b`? */
export const isWorse = (a: VerdictKind, b: VerdictKind): boolean => RANK[a] > RANK[b];

/** Codes that no question may wave through: without them there is nothing to judge, and what is in conflict is never safe. */
const NEVER_ALLOWED = new Set(['EVIDENCE_CONFLICT', 'NEVER_REPORTED', 'TARGET_UNRESOLVED', 'NO_HOSTS_MATCHED', 'RULES_UNKNOWN', 'REPLACE_UNKNOWN']);

/** Does the question wave this reason through? Only UNKNOWN ones can be. */
const isAllowed = (reason: Reason, allow: readonly string[]): boolean =>
  allow.length > 0 && kindOf(reason) === 'UNKNOWN' && allow.includes(reason.code) && !NEVER_ALLOWED.has(reason.code);

/**
 * Which kind do these reasons make?
 *
 * The worst decides, except where the facts themselves are in doubt: then no one can tell, whatever was last seen.
 */
export function kindOfAll(reasons: readonly Reason[], allow: readonly string[]): VerdictKind {
  let worst: VerdictKind = 'SAFE';
  let inDoubt = false;
  for (const reason of reasons) {
    const kind = kindOf(reason);
    if (kind === 'ADVISORY' || isAllowed(reason, allow)) continue;
    if (putsFactsInDoubt(reason)) inDoubt = true;
    if (isWorse(kind, worst)) worst = kind;
  }
  return inDoubt ? 'UNKNOWN' : worst;
}

/** What can make disabling fail; the kernel looks at no state then. */
const AT_DISABLING = new Set(['TRANSITION_IN_PROGRESS', 'PATCH_BLOCKS_DISABLE']);

/** With which error number would an attempt fail? The first in the kernel's own order of refusing; what disables first never gets as far as the loader. */
function predictErrno(reasons: readonly Reason[], steps: readonly Step[] = []): Errno | null {
  const refused = reasons.filter((reason) => kindOf(reason) === 'REFUSED').sort((a, b) => loaderOrder(a) - loaderOrder(b));
  const atOnce = steps[0]?.action === 'DISABLE' ? refused.find((reason) => AT_DISABLING.has(reason.code)) : undefined;
  const first = atOnce ?? refused[0];
  return first === undefined ? null : errnoOf(first);
}

/** Puts reasons together into a verdict; what is said twice is said once. */
export function verdict(route: Route | null, steps: readonly Step[], said: readonly Reason[], allow: readonly string[], rules: Verdict['rules']): Verdict {
  const reasons = said.filter((reason, i) => said.findIndex((other) => sameFacts(reason, other)) === i);
  return {
    kind: kindOfAll(reasons, allow),
    route,
    steps,
    reasons,
    asLastSeen: reasons.some((reason) => putsFactsInDoubt(reason) && !isAllowed(reason, allow)),
    errno: predictErrno(reasons, steps),
    harmful: reasons.some((reason) => kindOf(reason) === 'UNSAFE'),
    allowed: allow.length === 0 ? [] : [...new Set(reasons.filter((reason) => isAllowed(reason, allow)).map((reason) => reason.code))],
    rules,
  };
}
