import type { Counts } from './kinds.js';

/**
 * Whether no host has a verdict because its target cannot be resolved. Hosts that never reported do not count.
 *
 * @param reasons those of the answer with the most weight
 */
export function isUnresolved(
  { safe, unsafe, refused, unknown }: Counts,
  reasons: readonly { readonly hosts: number; readonly reason: { readonly code: string } }[],
): boolean {
  const hostsWith = (wanted: string) =>
    reasons.filter(({ reason: { code } }) => code === wanted).reduce((sum, { hosts }) => sum + hosts, 0);
  const unresolved = hostsWith('TARGET_UNRESOLVED');
  return (
    safe + unsafe + refused === 0 && unresolved > 0 && unresolved + hostsWith('NEVER_REPORTED') >= unknown
  );
}
