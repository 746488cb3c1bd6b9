export { applyChanges, type Change, findChanges } from './rules/changes.js';
export { after, afterTransition } from './routes/after.js';
export { BRIDGES_TRIED } from './verdict/bridge.js';
export { canonicalStates } from './facts/canonical-states.js';
export { type Plan, ROUTES, type Route } from './routes/plan.js';
export { contradictionsOf } from './facts/report-contradictions.js';
export { formatAge } from './facts/age.js';
export { freshness, freshnessLimits } from './facts/freshness.js';
export { DEFAULT_QUESTION, judge, judgeRoutes, neverReported, type Question } from './verdict/judge.js';
export { lint } from './lint/lint.js';
export { type Declaration, type DescribedState, type WrittenStatement } from './lint/declaration.js';
export {
  explainFinding,
  type Finding,
  FINDING_CODES,
  type FindingCode,
  type Severity,
  severityOf,
} from './lint/findings.js';
export { moreCautious } from './facts/declared.js';
export {
  atLeast,
  type AuthorState,
  type AuthorStatement,
  type Callbacks,
  type Evidence,
  type Manifest,
  type ModuleFile,
  type Reading,
  type Restore,
  type StateImpact,
} from './facts/manifest.js';
export {
  type ReturnTarget,
  findNoReturn,
  type NoReturn,
  waysBackTo,
  type WayBack,
} from './verdict/no-return.js';
export { disabling, enabling, type Operation, predict } from './predict/predict.js';
export type { KernelAnswer, Prediction } from './predict/prediction.js';
export { comparePrices, type Price } from './routes/price.js';
export { effectiveStates, loadedName, type Patch, type State } from './rules/patch.js';
export {
  canBeRaised,
  clearedBy,
  type ClearedBy,
  errnoOf,
  type Errno,
  isRaised,
  kindOf,
  type Reason,
  REASON_CODES,
  type ReasonCode,
  type ReasonKind,
  type VerdictKind,
} from './reasons/reasons.js';
export {
  type KnownPatch,
  resolveSituation,
  resolveManifest,
  resolvePatch,
  type ResolvedSituation,
} from './facts/resolve.js';
export { findStateRefusals } from './rules/klp-5.5.js';
export { type Rules, type RuleSet } from './rules/rules.js';
export { chooseRules, RULE_SETS, type RulesBasis } from './rules/select.js';
export { explain, help } from './reasons/sentences.js';
export type { Capabilities } from './rules/capabilities.js';
export type * from './facts/situation.js';
export type { Step } from './routes/steps.js';
export { buildFor, resolveTarget, type Target } from './routes/target.js';
export { canBeAllowed, isWorse, type BridgeSearch, type Verdict, withAge } from './verdict/verdict.js';
