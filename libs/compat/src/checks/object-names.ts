import type { KnownPatch } from '../facts/resolve.js';
import { about, type Reason } from '../reasons/reasons.js';

/** Returns whether a file shows that this patch has an object named by the string `vmlinux`. */
export const spellsVmlinux = ({ manifest }: KnownPatch): boolean => manifest?.spellsVmlinux === true;

/**
 * Returns a refusal if the kernel would have to make two objects of the name `vmlinux` for this patch.
 *
 * Mirrors `klp_find_object()`, which takes an object named by a string for a module, `klp_add_nops()`, which
 * adds the objects of every listed patch to a cumulative one, and `klp_init_object()`, which fails with
 * EEXIST at the second object of a name.
 *
 * @param listed the patches on the list when this one is loaded
 */
export function findDoubleVmlinux(load: KnownPatch, listed: readonly KnownPatch[]): Reason[] {
  const together = load.replace === true ? [load, ...listed] : [load];
  const byString = together.find(spellsVmlinux);
  const byNull = together.find(({ manifest }) => manifest?.patchesKernel === true);
  if (byString === undefined || byNull === undefined) return [];
  const other = byNull === byString ? {} : { other: byNull.name };
  return [{ code: 'OBJECT_SPELLED_VMLINUX', ...about(byString), ...other }];
}
