import { unexpected } from '../exits.js';
import type { PageInfo } from './generated/operations.js';

/** One page of a connection. */
export interface Page<T> {
  readonly nodes: readonly T[];
  readonly totalCount: number;
  readonly pageInfo: PageInfo;
}

export const PAGE_SIZE = 100;

/** The nodes that were read, the total number, and whether some were left out. */
export interface Gathered<T> {
  readonly nodes: T[];
  readonly totalCount: number;
  readonly cut: boolean;
}

/** Follows the cursors of a connection until its end, or until `limit` nodes. */
export async function gather<T>(
  next: (first: number, after: string | null) => Promise<Page<T>>,
  limit: number,
): Promise<Gathered<T>> {
  const nodes: T[] = [];
  let after: string | null = null;
  for (;;) {
    const page: Page<T> = await next(Math.min(PAGE_SIZE, limit - nodes.length), after);
    nodes.push(...page.nodes);
    if (!page.pageInfo.hasNextPage)
      return { nodes: nodes.slice(0, limit), totalCount: page.totalCount, cut: nodes.length > limit };
    if (nodes.length >= limit)
      return { nodes: nodes.slice(0, limit), totalCount: page.totalCount, cut: true };
    after = nextCursor(page, after);
  }
}

/**
 * Returns the cursor of the next page. Rejects a cursor that does not advance, which would loop without end.
 */
export function nextCursor(page: Page<unknown>, after: string | null): string {
  const { endCursor } = page.pageInfo;
  if (endCursor === null || endCursor === after || page.nodes.length === 0)
    throw unexpected('the registry says that there are more pages, and gives no next cursor');
  return endCursor;
}
