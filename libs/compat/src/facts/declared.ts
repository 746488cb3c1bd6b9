import type { AuthorState, Restore } from './manifest.js';
import type { State } from '../rules/patch.js';

/**
 * A state that a patch is known to modify: what the kernel compares, and what the author states in addition.
 */
export interface DeclaredState extends State {
  readonly restore: Restore;
}

const CAUTION: Record<Restore, number> = { IMPOSSIBLE: 3, UNKNOWN: 2, CALLBACKS: 1, NOT_NEEDED: 0 };

/** If an author states something about a state twice, the more cautious statement counts. */
export const moreCautious = (a: Restore, b: Restore): Restore => (CAUTION[a] >= CAUTION[b] ? a : b);

/**
 * Returns the states that a patch modifies by its module or its author: one for each id, at its highest
 * version.
 */
export function declare(states: readonly State[] | null, author: readonly AuthorState[]): DeclaredState[] {
  const versions = new Map<bigint, number>();
  for (const { id, version } of [...(states ?? []), ...author])
    versions.set(id, Math.max(versions.get(id) ?? 0, version));
  const words = new Map<bigint, Restore>();
  for (const { id, restore } of author) words.set(id, moreCautious(words.get(id) ?? restore, restore));
  return [...versions].map(([id, version]) => ({ id, version, restore: words.get(id) ?? 'UNKNOWN' }));
}
