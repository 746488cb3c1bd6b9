import { unexpected } from '../exits.js';
import type { Page } from './shape.js';

export const PAGE_SIZE = 100;

/** What was gathered, how many there are, and whether some were left out. */
export interface Gathered<T> {
  readonly nodes: T[];
  readonly totalCount: number;
  readonly cut: boolean;
}

/** Follows the cursors of a connection until it ends, or `limit` is reached. */
export async function gather<T>(next: (first: number, after: string | null) => Promise<Page<T>>, limit: number): Promise<Gathered<T>> {
  const nodes: T[] = [];
  let after: string | null = null;
  for (;;) {
    const page: Page<T> = await next(Math.min(PAGE_SIZE, limit - nodes.length), after);
    nodes.push(...page.nodes);
    if (!page.pageInfo.hasNextPage) return { nodes: nodes.slice(0, limit), totalCount: page.totalCount, cut: nodes.length > limit };
    if (nodes.length >= limit) return { nodes: nodes.slice(0, limit), totalCount: page.totalCount, cut: true };
    after = nextCursor(page, after);
  }
}

/** Where the next page begins: a connection that says "more" and does not move on would be read for ever. */
export function nextCursor(page: Page<unknown>, after: string | null): string {
  const { endCursor } = page.pageInfo;
  if (endCursor === null || endCursor === after || page.nodes.length === 0) throw unexpected('the registry says that there is more, and does not say where');
  return endCursor;
}
