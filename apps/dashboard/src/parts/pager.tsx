import { addressOf, useParameters } from '../address/parameters.js';

/** Links to the next page of a connection, and back to its first. The cursor is in the address. */
export function Pager({
  name,
  page,
  next,
  first,
}: {
  /** The parameter of the address that has the cursor. */
  name: string;
  page: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  next: string;
  first: string;
}) {
  const { path, values } = useParameters();
  const link = (cursor: string | undefined) => addressOf(path, { ...values, [name]: cursor });
  return (
    <p class="row">
      {values[name] !== undefined && <a href={link(undefined)}>{first}</a>}
      {page.hasNextPage && <a href={link(page.endCursor ?? undefined)}>{next}</a>}
    </p>
  );
}
