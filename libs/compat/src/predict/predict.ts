import { loadOver } from '../routes/plan.js';
import { findGateReasons } from '../checks/gates.js';
import { findLoaderDoubts, findLoaderRefusals } from '../checks/loader.js';
import { loadedName } from '../rules/patch.js';
import { cannotTell, certainly, type Prediction, summarise } from './prediction.js';
import { predictWrite, type SysfsWrite } from './write.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { describeState } from '../checks/doubts.js';
import { about, type Reason } from '../reasons/reasons.js';
import { findRefusals } from '../checks/refusals.js';
import { WITNESSES } from '../facts/sighting-counts.js';
import { type RulesChoice, replacedBy } from '../rules/select.js';
import type { Catalog } from '../facts/situation.js';
import { findDoubleVmlinux } from '../checks/object-names.js';

/** One operation on a kernel: load a module, remove one, or write to a livepatch's file in sysfs. */
export type Operation =
  | { readonly action: 'LOAD'; readonly patch: KnownPatch }
  | { readonly action: 'REMOVE_MODULE'; readonly patch: string }
  | ({ readonly action: 'WRITE' } & SysfsWrite);

/** Disabling a patch, as an operator does it. If the patch is on its way in, this reverses the transition. */
export const disabling = (patch: string): Operation => ({
  action: 'WRITE',
  patch,
  attribute: 'enabled',
  value: '0',
});

/** Enabling a patch by hand. It only has an effect on a patch on its way out: it reverses the transition. */
export const enabling = (patch: string): Operation => ({
  action: 'WRITE',
  patch,
  attribute: 'enabled',
  value: '1',
});

/**
 * Predicts what the kernel answers to one operation in this situation.
 *
 * The same order and error numbers as `load_module()` and `klp_enable_patch()`, `enabled_store()` and
 * `force_store()`, `delete_module()`. Facts about patches count whatever their evidence.
 */
export function predict(
  host: ResolvedSituation,
  operation: Operation,
  catalog: Catalog,
  rules: RulesChoice = host.rules,
): Prediction {
  switch (operation.action) {
    case 'LOAD':
      return summarise(findAgainstLoading(host, operation.patch, catalog, rules));
    case 'REMOVE_MODULE':
      return predictRemoval(host, operation.patch);
    case 'WRITE':
      return predictWrite(host, operation, rules);
  }
}

function findAgainstLoading(
  host: ResolvedSituation,
  load: KnownPatch,
  catalog: Catalog,
  rules: RulesChoice,
): Reason[] {
  const { list, inTransition } = host;
  const out = replacedBy(load, list, rules.candidates);
  const plan = loadOver('STACK', load, out ?? [], list);
  return [
    ...findGateReasons(plan, host),
    ...findLoaderRefusals(load, plan, host),
    ...findRefusals(plan, host, rules).reasons,
    ...findDoubleVmlinux(load, list),
    ...findLoaderDoubts(load, list, host, { catalog, witnesses: WITNESSES, sharedSigningKeys: false }),
    ...[load, ...list].flatMap((patch) => patch.doubts),
    ...(out === null ? [{ code: 'REPLACE_UNKNOWN', ...about(load) } as const] : []),
    ...(inTransition === null ? [] : [{ code: 'TRANSITION_IN_PROGRESS', ...about(inTransition) } as const]),
  ];
}

/**
 * Mirrors `delete_module()`. The kernel holds a listed patch (`klp_enable_patch()` takes a reference), and a
 * forced one until a reboot.
 */
function predictRemoval({ list, situation }: ResolvedSituation, name: string): Prediction {
  if (situation.gates.modulesDisabled === true) return certainly('EPERM');
  const loaded = situation.leftovers.find((module) => loadedName(module.name) === name);
  const isListed = list.some((patch) => patch.name === name);
  if (!isListed && loaded !== undefined && loaded.moduleState !== 'LIVE')
    return cannotTell('EBUSY', {
      code: 'MODULE_STILL_LOADING',
      patch: name,
      buildId: loaded.buildId,
      detail: describeState(loaded.moduleState),
    });
  const answer = isListed
    ? 'EAGAIN'
    : loaded === undefined
      ? 'ENOENT'
      : loaded.referenced || loaded.pinned
        ? 'EAGAIN'
        : 'OK';
  return situation.gates.modulesDisabled === null
    ? cannotTell(answer, { code: 'HOST_GATES_UNKNOWN', detail: 'kernel.modules_disabled' })
    : certainly(answer);
}
