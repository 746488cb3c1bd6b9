import { unreadable } from '../failure.js';
import type { PatchFolder } from './livepatch.js';
import type { Paths } from './paths.js';

/**
 * In which order are these patches on the kernel's list, oldest first?
 *
 * By `stack_order` where this kernel has it (6.14); else by the reverse of `/proc/modules`, which is newest first.
 *
 * @param loaded names in the order of `/proc/modules`; null where there is none
 */
export function listOrder(paths: Paths, listed: readonly PatchFolder[], loaded: readonly string[] | null): PatchFolder[] {
  if (listed.length < 2) return [...listed];
  const places = listed.map((patch) => patch.stackOrder ?? (loaded === null ? -1 : -loaded.indexOf(patch.name)));
  if (listed.some((patch) => patch.stackOrder === null)) {
    const missing = listed.find((patch) => !loaded?.includes(patch.name));
    if (missing !== undefined)
      throw unreadable(paths.loadedModules, `does not tell the order of the list: ${missing.name} is not there, and there is no stack_order`);
  } else if (new Set(places).size !== places.length) {
    throw unreadable(paths.livepatches, `two livepatches have the same stack_order: ${listed.map((patch) => `${patch.name} ${patch.stackOrder}`).join(', ')}`);
  }
  return listed
    .map((patch, index) => ({ patch, place: places[index]! }))
    .sort((a, b) => a.place - b.place)
    .map(({ patch }) => patch);
}
