import type { Situation } from './situation.js';

/** What a contradiction is found in. */
type Seen = Pick<Situation, 'tainted' | 'capabilities' | 'otherLivePatching' | 'list'>;

/**
 * Returns why this situation cannot be true of a kernel, one sentence for each contradiction.
 *
 * Mirrors `module_augment_kernel_taints()`, which sets taint K for each livepatch module and never clears it,
 * and `klp_unpatch_replaced_patches()`, after which nothing is below a cumulative patch.
 */
export function contradictionsOf({ tainted, capabilities, otherLivePatching, list }: Seen): string[] {
  const found: string[] = [];
  if (tainted === true && !capabilities.livepatch && otherLivePatching.length === 0)
    found.push(
      'taint K is set, but the kernel has no livepatch support, and no other live patching system was seen',
    );
  const on = list.filter((patch) => patch.enabled || patch.transition);
  if (tainted === false && on.length > 0) found.push(`${on[0]!.name} is listed, but taint K is not set`);
  for (const patch of on.slice(1))
    if (patch.replace === true && !patch.transition)
      found.push(`${patch.name} is cumulative and settled, but not alone on the list`);
  return found;
}
