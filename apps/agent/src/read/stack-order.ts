import type { PatchDirectory } from './sys-livepatch.js';
import type { Paths } from './paths.js';

/**
 * Sorts patches in the order of the kernel's list, oldest first.
 *
 * Uses `stack_order` (6.14), or else the reverse of `/proc/modules`, which is newest first, or else the name.
 *
 * @param loaded names in the order of `/proc/modules`; null if it does not exist
 * @param unread receives a sentence if the order is unknown
 */
export function inStackOrder(
  paths: Paths,
  listed: readonly PatchDirectory[],
  loaded: readonly string[] | null,
  unread: string[],
): PatchDirectory[] {
  if (listed.length < 2) return [...listed];
  const orders = listed.map((patch) => patch.stackOrder);
  if (orders.every((order) => order !== null) && new Set(orders).size === orders.length)
    return sortBy(listed, (patch) => patch.stackOrder!);
  if (orders.every((order) => order !== null))
    unread.push(
      `${paths.livepatches}: two livepatches have the same stack_order: ` +
        listed.map((patch) => `${patch.name} ${patch.stackOrder}`).join(', '),
    );
  const missing = listed.find((patch) => !loaded?.includes(patch.name));
  if (missing === undefined) return sortBy(listed, (patch) => -loaded!.indexOf(patch.name));
  unread.push(
    `${paths.loadedModules}: does not have the order of the list: ${missing.name} is missing, and there ` +
      'is no stack_order',
  );
  return [...listed];
}

const sortBy = (
  listed: readonly PatchDirectory[],
  placeOf: (patch: PatchDirectory) => number,
): PatchDirectory[] => listed.toSorted((a, b) => placeOf(a) - placeOf(b));
