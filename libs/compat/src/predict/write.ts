import { disableOnly } from '../routes/plan.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { findRefusals } from '../checks/refusals.js';
import { numberOf, type RulesChoice } from '../rules/select.js';
import { certainly, type Prediction, summarise } from './prediction.js';

/** A write to a file in a livepatch's sysfs directory. */
export interface SysfsWrite {
  readonly patch: string;
  readonly attribute: 'enabled' | 'force' | 'transition';
  readonly value: string;
}

/** Predicts the answer to this write. There is no file of a patch that is not listed. */
export function predictWrite(
  host: ResolvedSituation,
  { patch: name, attribute, value }: SysfsWrite,
  rules: RulesChoice,
): Prediction {
  const patch = host.list.find((listed) => listed.name === name);
  if (patch === undefined) return certainly('ENOENT');
  if (attribute === 'transition') return certainly('EACCES');
  const required = asBoolean(value, host.situation.kernelRelease);
  if (required === null) return certainly('EINVAL');
  const answers = (yes: boolean): Prediction =>
    attribute === 'enabled'
      ? predictEnabled(host, patch, yes, rules)
      : certainly(!yes || patch.transition ? 'OK' : 'EINVAL');
  if (required !== 'T' && required !== 'F') return answers(required);
  const taken = answers(required === 'T');
  const doubt = `not every kernel takes '${value}' for ${required === 'T' ? 'yes' : 'no'}`;
  return taken.answer === 'EINVAL' ? taken : { ...taken, answer: 'UNKNOWN', doubt };
}

/**
 * Mirrors `enabled_store()`: nothing to change, its own transition to reverse, or another's in the way. No
 * state is read.
 */
function predictEnabled(
  host: ResolvedSituation,
  patch: KnownPatch,
  required: boolean,
  rules: RulesChoice,
): Prediction {
  const { inTransition, list } = host;
  if (patch.enabled === required) return certainly('EINVAL');
  if (patch.transition) return certainly('OK');
  if (required) return certainly('EINVAL');
  const refusals = [...findRefusals(disableOnly([patch], list), host, rules).reasons];
  if (inTransition !== null)
    refusals.push({
      code: 'TRANSITION_IN_PROGRESS',
      patch: inTransition.name,
      buildId: inTransition.buildId,
    });
  return summarise(refusals);
}

/**
 * Mirrors `kstrtobool()`; null for what no kernel takes, `T` or `F` for what some kernels take as yes or as
 * no.
 *
 * Words that begin with `t` and `f` are taken since 5.19, those with `e` (enable) and `d` (disable) by newer
 * kernels. Distributions may have backported either.
 */
function asBoolean(value: string, kernelRelease: string): boolean | 'T' | 'F' | null {
  if (/^([yY1]|[oO][nN])/.test(value)) return true;
  if (/^([nN0]|[oO][fF])/.test(value)) return false;
  const newer = (numberOf(kernelRelease) ?? 0) >= 519;
  if (/^[tT]/.test(value)) return newer || 'T';
  if (/^[fF]/.test(value)) return newer ? false : 'F';
  return /^[eE]/.test(value) ? 'T' : /^[dD]/.test(value) ? 'F' : null;
}
