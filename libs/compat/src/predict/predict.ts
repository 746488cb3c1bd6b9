import { loadOver } from '../routes/plan.js';
import { pushGates } from '../checks/gates.js';
import { pushLoaderDoubts, pushLoaderRefusals } from '../checks/loader.js';
import { loadedName } from '../rules/patch.js';
import { cannotTell, certainly, type Prediction, summarise } from './prediction.js';
import { predictWrite, type SysfsWrite } from './write.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { stateOf } from '../checks/doubts.js';
import { append, type Reason } from '../reasons/reasons.js';
import { findRefusals } from '../checks/refusals.js';
import { WITNESSES } from '../facts/sighting-counts.js';
import { type RulesChoice, replacedBy } from '../rules/select.js';
import type { Catalog } from '../facts/situation.js';
import { pushSpelling } from '../checks/object-names.js';

/** One thing that someone does to a kernel: load a module, remove one, or write to a file of a livepatch in sysfs. */
export type Operation =
  | { readonly action: 'LOAD'; readonly patch: KnownPatch }
  | { readonly action: 'REMOVE_MODULE'; readonly patch: string }
  | ({ readonly action: 'WRITE' } & SysfsWrite);

/** Disabling a patch, as an operator does it. Of a patch on its way in, that turns the transition round. */
export const disabling = (patch: string): Operation => ({ action: 'WRITE', patch, attribute: 'enabled', value: '0' });

/** Enabling a patch by hand. Of a patch on its way out, that turns the transition round; nothing else ever comes of it. */
export const enabling = (patch: string): Operation => ({ action: 'WRITE', patch, attribute: 'enabled', value: '1' });

/**
 * What does the kernel answer to one operation in this situation?
 *
 * The same order and error numbers as `load_module()` and `klp_enable_patch()`, `enabled_store()` and `force_store()`, `delete_module()`.
 * What is known of a patch is taken at its word, whatever the evidence.
 */
export function predict(host: ResolvedSituation, operation: Operation, catalog: Catalog, rules: RulesChoice = host.rules): Prediction {
  switch (operation.action) {
    case 'LOAD':
      return summarise(findAgainstLoading(host, operation.patch, catalog, rules));
    case 'REMOVE_MODULE':
      return predictRemoval(host, operation.patch);
    case 'WRITE':
      return predictWrite(host, operation, rules);
  }
}

function findAgainstLoading(host: ResolvedSituation, load: KnownPatch, catalog: Catalog, rules: RulesChoice): Reason[] {
  const { list, inTransition } = host;
  const out = replacedBy(load, list, rules.candidates);
  const plan = loadOver('STACK', load, out ?? [], list);
  const reasons: Reason[] = [];
  pushGates(reasons, plan, host);
  pushLoaderRefusals(reasons, load, plan, host);
  append(reasons, findRefusals(plan, host, rules).reasons);
  pushSpelling(reasons, load, list);
  pushLoaderDoubts(reasons, load, list, host, { catalog, witnesses: WITNESSES, sharedSigningKeys: false });
  for (const patch of [load, ...list]) if (patch.states === null) reasons.push(...patch.doubts);
  if (out === null) reasons.push({ code: 'REPLACE_UNKNOWN', patch: load.name, buildId: load.buildId });
  if (inTransition !== null) reasons.push({ code: 'TRANSITION_IN_PROGRESS', patch: inTransition.name, buildId: inTransition.buildId });
  return reasons;
}

/** Mirrors `delete_module()`. The kernel holds a listed patch (`klp_enable_patch()` takes a reference), and a forced one until a reboot. */
function predictRemoval({ list, situation }: ResolvedSituation, name: string): Prediction {
  if (situation.gates.modulesDisabled === true) return certainly('EPERM');
  const loaded = situation.leftovers.find((module) => loadedName(module.name) === name);
  const isListed = list.some((patch) => patch.name === name);
  if (!isListed && loaded !== undefined && loaded.moduleState !== 'LIVE')
    return cannotTell('EBUSY', { code: 'MODULE_STILL_LOADING', patch: name, buildId: loaded.buildId, detail: stateOf(loaded.moduleState) });
  const answer = isListed ? 'EAGAIN' : loaded === undefined ? 'ENOENT' : loaded.referenced || loaded.pinned ? 'EAGAIN' : 'OK';
  return situation.gates.modulesDisabled === null ? cannotTell(answer, { code: 'HOST_GATES_UNKNOWN', detail: 'kernel.modules_disabled' }) : certainly(answer);
}
