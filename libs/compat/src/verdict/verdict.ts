import { confirmed } from '../checks/doubts.js';
import type { Route } from '../routes/plan.js';
import { predictErrno } from '../reasons/errno.js';
import { comparePrices, compareRoutes, type Price } from '../routes/price.js';
import {
  type Errno,
  natureOf,
  type Reason,
  type ReasonCode,
  sameFacts,
  type VerdictKind,
} from '../reasons/reasons.js';
import type { RulesBasis } from '../rules/select.js';
import type { RuleSet } from '../rules/rules.js';
import type { Step } from '../routes/steps.js';

/** How far the catalog was searched for a bridge. */
export interface BridgeSearch {
  readonly tried: number;
  /** Builds that this kernel would accept today. More than were tried if the limit was reached. */
  readonly of: number;
}

/** The answer for one host (or for all hosts in one situation). */
export interface Verdict {
  readonly kind: VerdictKind;
  /** The route that the answer is about. null if no route leads there. */
  readonly route: Route | null;
  readonly steps: readonly Step[];
  /** What that route costs; null if there is none. */
  readonly price: Price | null;
  /** Only on `BRIDGE`: how far the catalog was searched. */
  readonly searched?: BridgeSearch;
  /** All of them, not only the deciding one. */
  readonly reasons: readonly Reason[];
  /** The facts are in doubt. The other reasons apply to the state that was last reported. */
  readonly basedOnStaleFacts: boolean;
  /** The error number with which an attempt would fail; null if none is predicted. */
  readonly errno: Errno | null;
  /** At least one reason is UNSAFE, whatever the kind: a refusal that passes with time may hide harm. */
  readonly harmful: boolean;
  /** Codes that the question allowed and that are among the reasons. They do not change the kind. */
  readonly allowed: readonly ReasonCode[];
  /** SAFE, or UNKNOWN for nothing but reasons that the question allowed. */
  readonly accepted: boolean;
  readonly rules: { readonly sets: readonly RuleSet[]; readonly basis: RulesBasis };
}

/** Returns a verdict on several hosts as that on one of them, which was last confirmed at this age. */
export const withAge = (verdict: Verdict, ageSeconds: number): Verdict =>
  verdict.reasons.some(({ code }) => code === 'REPORT_STALE')
    ? {
        ...verdict,
        reasons: verdict.reasons.map((reason) =>
          reason.code === 'REPORT_STALE' ? { ...reason, detail: confirmed(ageSeconds) } : reason,
        ),
      }
    : verdict;

const RANK: Record<VerdictKind, number> = { SAFE: 0, UNKNOWN: 1, UNSAFE: 2, REFUSED: 3 };

/** Returns whether `a` is a worse answer than `b`. */
export const isWorse = (a: VerdictKind, b: VerdictKind): boolean => RANK[a] > RANK[b];

/**
 * The only codes that a question may allow.
 *
 * Facts in doubt, conflicting sources, unreadable states, an unresolved target and an empty selection cannot
 * be allowed: nothing follows from them.
 */
const ALLOWABLE: ReadonlySet<ReasonCode> = new Set([
  'RESTORE_NOT_PROMISED',
  'STATES_UNDECLARED',
  'STACK_DEPENDENCY_UNKNOWN',
  'PRE_PATCH_MAY_REFUSE',
  'SYMBOLS_UNVERIFIED',
  'SIGNATURE_UNVERIFIED',
  'HOST_GATES_UNKNOWN',
  'EVIDENCE_TOO_WEAK',
  'PATCH_NOT_CATALOGUED',
  'BOOT_HISTORY_INCOMPLETE',
  'BOOT_UNKNOWN',
]);

/** Returns whether a question may allow this code. */
export const canBeAllowed = (code: ReasonCode): boolean => ALLOWABLE.has(code);

/** Returns whether the question allows this reason. Only UNKNOWN ones can be allowed. */
const isAllowed = (reason: Reason, allow: readonly string[]): boolean =>
  allow.length > 0 && allow.includes(reason.code) && canBeAllowed(reason.code);

const NONE: readonly never[] = [];

/** What reasons amount to together. */
interface Summary {
  refused: boolean;
  harmful: boolean;
  /** A reason is UNKNOWN, and the question does not allow it. */
  unknown: boolean;
  inDoubt: boolean;
  allowed: readonly ReasonCode[];
}

function summarise(reasons: readonly Reason[], allow: readonly string[]): Summary {
  const summary: Summary = { refused: false, harmful: false, unknown: false, inDoubt: false, allowed: NONE };
  for (const reason of reasons) {
    const { kind, factsInDoubt } = natureOf(reason);
    if (kind === 'ADVISORY') continue;
    if (isAllowed(reason, allow)) {
      if (!summary.allowed.includes(reason.code)) summary.allowed = [...summary.allowed, reason.code];
      continue;
    }
    if (kind === 'REFUSED') summary.refused = true;
    else if (kind === 'UNSAFE') summary.harmful = true;
    else summary.unknown = true;
    if (factsInDoubt) summary.inDoubt = true;
  }
  return summary;
}

/** The worst reason decides. If the facts themselves are in doubt, the answer is UNKNOWN. */
function kindBy({ refused, harmful, unknown, inDoubt }: Summary): VerdictKind {
  if (inDoubt) return 'UNKNOWN';
  if (refused) return 'REFUSED';
  return harmful ? 'UNSAFE' : unknown ? 'UNKNOWN' : 'SAFE';
}

/** Returns the kind that these reasons would make without those that are allowed. */
export const kindOfAll = (reasons: readonly Reason[], allow: readonly string[]): VerdictKind =>
  kindBy(summarise(reasons, allow));

/**
 * Returns the kind that these reasons make, and whether the question accepts it: what is allowed is accepted,
 * and stays what it is.
 */
export function answerBy(
  reasons: readonly Reason[],
  allow: readonly string[],
): Pick<Verdict, 'kind' | 'accepted'> {
  return { kind: kindOfAll(reasons, []), accepted: kindOfAll(reasons, allow) === 'SAFE' };
}

/** A route that was judged. */
interface Judged {
  readonly route: Route | null;
  readonly steps: readonly Step[];
  readonly price: Price | null;
  readonly errno: Errno | null;
}

/** Makes a verdict of the reasons about one route. Duplicates are removed. */
export function verdict(
  judged: Judged,
  all: readonly Reason[],
  allow: readonly string[],
  rules: Verdict['rules'],
): Verdict {
  const reasons = all.filter((reason, at) => all.findIndex((other) => sameFacts(reason, other)) === at);
  const { inDoubt, harmful, allowed } = summarise(reasons, allow);
  return {
    ...answerBy(reasons, allow),
    ...judged,
    reasons,
    basedOnStaleFacts: inDoubt,
    harmful,
    allowed,
    rules,
  };
}

/** The verdict if no route leads there. */
export function unreachable(
  reasons: readonly Reason[],
  allow: readonly string[],
  rules: Verdict['rules'],
): Verdict {
  const errno = predictErrno(reasons, { disablesFirst: false, compared: [] });
  return verdict({ route: null, steps: [], price: null, errno }, reasons, allow, rules);
}

/** Orders answers by kind, the best first; among UNKNOWN ones, those that the question accepts come first. */
export const compareAnswers = (
  a: Pick<Verdict, 'kind' | 'accepted'>,
  b: Pick<Verdict, 'kind' | 'accepted'>,
): number => RANK[a.kind] - RANK[b.kind] || Number(b.accepted) - Number(a.accepted);

/**
 * Orders verdicts on routes: the most acceptable first, among these the cheapest, among these by the order of
 * routes.
 */
export const bestFirst = (a: Verdict, b: Verdict): number =>
  compareAnswers(a, b) || comparePrices(a.price!, b.price!) || compareRoutes(a.route!, b.route!);
