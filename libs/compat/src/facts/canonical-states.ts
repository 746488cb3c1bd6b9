import type { State } from '../rules/patch.js';

/**
 * Effective kernel states of a list as one text, oldest patch first. Two lists with equal texts are equal to
 * every `klp_get_prev_state()`.
 *
 * The order of ids within a patch does not count, because `klp_get_state()` finds a state by its id. Patches
 * without states are left out.
 *
 * @returns null: the states of a patch are not known
 */
export function canonicalStates(
  list: readonly { readonly states: readonly State[] | null }[],
): string | null {
  const patches: string[] = [];
  for (const { states } of list) {
    if (states === null) return null;
    if (states.length > 0) patches.push(textOf(states));
  }
  return patches.join(' ');
}

/** The sort is stable: of two entries with one id, the first stays the first. */
const textOf = (states: readonly State[]): string =>
  states
    .toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    .map(({ id, version }) => `${id}:${version}`)
    .join(',');
