import { disableOnly } from '../routes/course.js';
import type { KnownPatch, ResolvedSituation } from '../facts/recognise.js';
import { findRefusals } from '../checks/refusals.js';
import { numberOf, type RulesChoice } from '../rules/select.js';
import { certainly, type Prediction, weigh } from './prediction.js';

/** Somebody writes to a file in a livepatch's directory of sysfs. */
export interface SysfsWrite {
  readonly patch: string;
  readonly attribute: 'enabled' | 'force' | 'transition';
  readonly value: string;
}

/** What does the kernel answer to this write? There is no file of a patch that is not listed. */
export function predictWrite(scene: ResolvedSituation, { patch: name, attribute, value }: SysfsWrite, rules: RulesChoice): Prediction {
  const patch = scene.list.find((listed) => listed.name === name);
  if (patch === undefined) return certainly('ENOENT');
  if (attribute === 'transition') return certainly('EACCES');
  const wanted = asBoolean(value, scene.situation.kernelRelease);
  if (wanted === null) return certainly('EINVAL');
  const answers = (yes: boolean): Prediction =>
    attribute === 'enabled' ? predictEnabled(scene, patch, yes, rules) : certainly(!yes || patch.transition ? 'OK' : 'EINVAL');
  if (wanted !== 'T' && wanted !== 'F') return answers(wanted);
  const taken = answers(wanted === 'T');
  return taken.answer === 'EINVAL' ? taken : { ...taken, answer: 'UNKNOWN' };
}

/** Mirrors `enabled_store()`: nothing to change, a transition of its own to turn round, another's in the way; no state is looked at. */
function predictEnabled(scene: ResolvedSituation, patch: KnownPatch, wanted: boolean, rules: RulesChoice): Prediction {
  const { inTransition, list } = scene;
  if (patch.enabled === wanted) return certainly('EINVAL');
  if (patch.transition) return certainly('OK');
  if (wanted) return certainly('EINVAL');
  const refusals = [...findRefusals(disableOnly([patch], list), scene, rules).reasons];
  if (inTransition !== null) refusals.push({ code: 'TRANSITION_IN_PROGRESS', patch: inTransition.name, buildId: inTransition.buildId });
  return weigh(refusals);
}

/**
 * Mirrors `kstrtobool()`; null for what no kernel takes, `T` or `F` for what some kernels take as yes or as no.
 *
 * Words that begin with `t` and `f` are taken since 5.19, those with `e` (enable) and `d` (disable) by newer kernels. Distributions may have
 * backported either.
 */
function asBoolean(value: string, kernelRelease: string): boolean | 'T' | 'F' | null {
  if (/^([yY1]|[oO][nN])/.test(value)) return true;
  if (/^([nN0]|[oO][fF])/.test(value)) return false;
  const newer = (numberOf(kernelRelease) ?? 0) >= 519;
  if (/^[tT]/.test(value)) return newer || 'T';
  if (/^[fF]/.test(value)) return newer ? false : 'F';
  return /^[eE]/.test(value) ? 'T' : /^[dD]/.test(value) ? 'F' : null;
}
