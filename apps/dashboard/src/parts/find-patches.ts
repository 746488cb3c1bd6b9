/** What a search for patches looks at. */
export interface Found {
  readonly buildId: string;
  readonly name: string;
  readonly release: string;
  readonly owner: string;
  readonly states: readonly { readonly id: string }[] | null;
}

/**
 * Whether each word of a search is a part of the patch's name, release, owner or build-id, or one of its
 * state ids.
 */
export function isFound(patch: Found, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = [patch.name, patch.release, patch.owner, patch.buildId].map((text) => text.toLowerCase());
  return words.every(
    (word) => texts.some((text) => text.includes(word)) || patch.states?.some(({ id }) => id === word),
  );
}
