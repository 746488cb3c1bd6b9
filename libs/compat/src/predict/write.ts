import { disableOnly } from '../course.js';
import type { KnownPatch, Scene } from '../recognise.js';
import { findRefusals } from '../refusals.js';
import type { RulesChoice } from '../rules/select.js';
import { certainly, type Prediction, weigh } from './prediction.js';

/** Somebody writes to a file in a livepatch's directory of sysfs. */
export interface SysfsWrite {
  readonly patch: string;
  readonly attribute: 'enabled' | 'force' | 'transition';
  readonly value: string;
}

/** What does the kernel answer to this write? There is no file of a patch that is not listed. */
export function predictWrite(scene: Scene, { patch: name, attribute, value }: SysfsWrite, rules: RulesChoice): Prediction {
  const patch = scene.list.find((listed) => listed.name === name);
  if (patch === undefined) return certainly('ENOENT');
  if (attribute === 'transition') return certainly('EACCES');
  const wanted = asBoolean(value);
  if (wanted === null) return certainly('EINVAL');
  return attribute === 'enabled' ? predictEnabled(scene, patch, wanted, rules) : certainly(!wanted || patch.transition ? 'OK' : 'EINVAL');
}

/** Mirrors `enabled_store()`: nothing to change, a transition of its own to turn round, another's in the way; no state is looked at. */
function predictEnabled(scene: Scene, patch: KnownPatch, wanted: boolean, rules: RulesChoice): Prediction {
  const { inTransition, list } = scene;
  if (patch.enabled === wanted) return certainly('EINVAL');
  if (patch.transition) return certainly('OK');
  if (wanted) return certainly('EINVAL');
  const refusals = [...findRefusals(disableOnly([patch], list), scene, rules).reasons];
  if (inTransition !== null) refusals.push({ code: 'TRANSITION_IN_PROGRESS', patch: inTransition.name, buildId: inTransition.buildId });
  return weigh(refusals);
}

/** Mirrors `kstrtobool()`; null for what it does not take. */
function asBoolean(value: string): boolean | null {
  if (/^([yY1]|[oO][nN])/.test(value)) return true;
  return /^([nN0]|[oO][fF])/.test(value) ? false : null;
}
