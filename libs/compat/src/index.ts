export { applyChanges, type Change, findChanges } from './change.js';
export { after, settled } from './after.js';
export { BRIDGES_TRIED } from './bridge.js';
export { canonicalStates } from './canonical-states.js';
export { type Course, ROUTES, type Route } from './course.js';
export { contradictionsOf } from './contradictions.js';
export { freshness, freshnessLimits } from './freshness.js';
export { DEFAULT_QUESTION, judge, judgeRoutes, neverReported, type Question } from './judge.js';
export { lint } from './lint.js';
export { type Declaration, type DescribedState, type WrittenWord } from './lint/declaration.js';
export { explainFinding, type Finding, FINDING_CODES, type FindingCode, type Severity, severityOf } from './lint/findings.js';
export {
  type AuthorState,
  type AuthorWord,
  type Callbacks,
  type Evidence,
  type Manifest,
  type ModuleFile,
  type Reading,
  type Restore,
  type StateImpact,
} from './manifest.js';
export { type Destination, findNoReturn, type NoReturn, waysBackTo, type WayBack } from './no-return.js';
export { disabling, enabling, type Operation, predict } from './predict.js';
export type { Answer, Prediction } from './predict/prediction.js';
export { comparePrices, type Price } from './price.js';
export { effectiveStates, loadedName, type Patch, type State } from './patch.js';
export {
  clearedBy,
  type ClearedBy,
  errnoOf,
  type Errno,
  kindOf,
  type Reason,
  REASON_CODES,
  type ReasonCode,
  type ReasonKind,
  type VerdictKind,
} from './reasons.js';
export { type KnownPatch, recognise, recogniseManifest, recognisePatch, type Scene } from './recognise.js';
export { findStateRefusals } from './rules/klp-5.5.js';
export { type Rules, type RuleSet } from './rules/rules.js';
export { chooseRules, RULE_SETS, type RulesBasis } from './rules/select.js';
export { explain, help } from './sentences.js';
export type * from './situation.js';
export type { Step } from './steps.js';
export { buildFor, resolveTarget, type Target } from './target.js';
export { canBeAllowed, isWorse, type Searched, type Verdict } from './verdict.js';
