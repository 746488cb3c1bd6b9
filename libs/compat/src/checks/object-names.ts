import type { Reason } from '../reasons/reasons.js';
import type { KnownPatch } from '../facts/resolve.js';

/** Does a file show that this patch has an object named by the string `vmlinux`? */
export const spellsVmlinux = ({ manifest }: KnownPatch): boolean => manifest?.spellsVmlinux === true;

const namesByNull = ({ manifest }: KnownPatch): boolean => manifest?.patchesKernel === true;

/**
 * Says whether the kernel would have to make two objects of the name `vmlinux` for this patch.
 *
 * Mirrors `klp_find_object()`, which takes an object named by a string for a module, `klp_add_nops()`, which adds the objects of every listed patch
 * to a cumulative one, and `klp_init_object()`, which fails with EEXIST at the second object of a name.
 *
 * @param listed the patches on the list when this one is loaded
 */
export function pushSpelling(reasons: Reason[], load: KnownPatch, listed: readonly KnownPatch[]): void {
  const together = load.replace === true && listed.length > 0 ? [load, ...listed] : [load];
  const spelled = together.find(spellsVmlinux);
  if (spelled === undefined) return;
  const other = together.find(namesByNull);
  if (other === undefined) return;
  reasons.push({ code: 'OBJECT_SPELLED_VMLINUX', patch: spelled.name, buildId: spelled.buildId, ...(other === spelled ? {} : { other: other.name }) });
}
