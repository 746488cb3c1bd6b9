import { addressOf, useParameters } from '../address/parameters.js';
import { SHELL } from '../texts/shell.js';
import { count } from './numbers.js';

/** The number of items, and the links to the pages before and after. The page is in the address. */
export function PageLinks({
  total,
  pageInfo,
}: {
  total: number;
  pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}) {
  const { path, values } = useParameters();
  const to = (after: string | null, before: string | null) =>
    addressOf(path, { ...values, after: after ?? undefined, before: before ?? undefined });
  return (
    <div class="row apart">
      <span class="muted">{SHELL.inAll(count(total))}</span>
      <nav class="row" aria-label={SHELL.pages}>
        {pageInfo.hasPreviousPage && (
          <a class="button" href={to(null, pageInfo.startCursor)}>
            {SHELL.previousPage}
          </a>
        )}
        {pageInfo.hasNextPage && (
          <a class="button" href={to(pageInfo.endCursor, null)}>
            {SHELL.nextPage}
          </a>
        )}
      </nav>
    </div>
  );
}
