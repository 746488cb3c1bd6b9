import type { Patch } from '../patch.js';
import type { Reason } from '../reasons.js';

/** The names of the rule sets, oldest first. */
export type RuleSet = 'none' | 'klp-5.5' | 'block-disable' | 'replace-set';

/** What a kernel checks about states. Each rule set is one of these. */
export interface Rules {
  readonly name: RuleSet;
  /** Why the kernel would refuse to enable `target` on top of `listed`; empty exactly when it would not. */
  findStateRefusals(target: Patch, listed: readonly Patch[]): Reason[];
  /** Why the kernel would refuse to disable `patch`; empty exactly when it would not. */
  findDisableRefusals(patch: Patch): Reason[];
  /** Which of `listed` would be replaced when `target` is enabled. */
  replacedBy(target: Patch, listed: readonly Patch[]): readonly Patch[];
}
