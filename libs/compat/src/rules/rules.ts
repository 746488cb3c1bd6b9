import type { Patch } from './patch.js';
import type { Reason } from '../reasons/reasons.js';

/** The names of the rule sets, oldest first. */
export type RuleSet = 'none' | 'klp-5.5' | 'block-disable' | 'replace-set';

/** What decides which patches this one replaces: its flag (null: not known), or in a proposal its set. */
export interface Replacing {
  readonly replace: boolean | null;
  readonly replaceSet?: bigint;
}

/** What a kernel checks about states. Each rule set is one of these. */
export interface Rules {
  readonly name: RuleSet;
  /** Why the kernel would refuse to enable `target` on top of `listed`; empty exactly when it would not. */
  findStateRefusals(target: Patch, listed: readonly Patch[]): Reason[];
  /** Why the kernel would refuse to disable `patch`; empty exactly when it would not. */
  findDisableRefusals(patch: Patch): Reason[];
  /** Which of `listed` would be replaced when `target` is enabled; null if that is not known. */
  replacedBy<P extends Replacing>(target: Replacing, listed: readonly P[]): readonly P[] | null;
}
