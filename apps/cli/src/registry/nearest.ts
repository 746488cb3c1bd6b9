import type { Registry } from './client.js';
import { HOSTS, PATCHES } from './generated/operations.js';
import { gather } from './pages.js';

/** The number of names with which a misspelt one is compared. */
const MAX_NAMES = 500;

/** Returns a hint with the hostname that is nearest to one that does not exist; none if none is near. */
export const nearHost = async (word: string, registry: Registry, asOf?: string): Promise<string[]> =>
  hint(word, async () => {
    const page = async (first: number, after: string | null) =>
      (await registry.ask(HOSTS, { where: {}, asOf, first, after })).hosts;
    return (await gather(page, MAX_NAMES)).nodes.map(({ hostname }) => hostname);
  });

/**
 * Returns a hint with the release or module that is nearest to one that is not published; none if none is
 * near.
 */
export const nearTarget = async (word: string, registry: Registry): Promise<string[]> =>
  hint(word, async () => {
    const page = async (first: number, after: string | null) =>
      (await registry.ask(PATCHES, { where: {}, first, after })).patches;
    const published = (await gather(page, MAX_NAMES)).nodes;
    return [...published.flatMap(({ release, name }) => [release, name]), 'original', 'previous'];
  });

/** A hint that cannot be given changes no answer. */
async function hint(word: string, namesOf: () => Promise<string[]>): Promise<string[]> {
  const found = nearest(word, await namesOf().catch(() => []));
  return found === null ? [] : [`did you mean ${found}?`];
}

/** Returns the name that is nearest to a word. Null if none differs in less than about a third of it. */
export function nearest(word: string, names: readonly string[]): string | null {
  const limit = Math.ceil(word.length / 3);
  const [best] = [...new Set(names)]
    .map((name) => ({ name, far: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ far }) => far <= limit)
    .toSorted((a, b) => a.far - b.far);
  return best?.name ?? null;
}

/** The number of single changes that make one word of the other (Levenshtein). */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(row[j + 1]! + 1, next[j]! + 1, row[j]! + (a[i] === b[j] ? 0 : 1)));
    row = next;
  }
  return row.at(-1)!;
}
