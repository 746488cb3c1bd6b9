import type { ComponentChildren } from 'preact';
import { SHELL } from '../texts/shell.js';
import type { List } from '../registry/use-list.js';
import { type Column, DataTable } from './data-table.js';
import { Failed, Loading } from './messages.js';
import { count } from './numbers.js';

/** A list that is loaded page by page, with a button for the next page. */
export function PagedTable<Row>({
  label,
  pages,
  columns,
  rowKey,
  empty,
}: {
  label: string;
  pages: List<Row>;
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  /** What is shown if the list has nothing. */
  empty: ComponentChildren;
}) {
  const { rows, total, hasMore, loading, failure } = pages;
  return (
    <>
      {failure !== undefined && <Failed failure={failure} again={pages.restart} />}
      {total === null && failure === undefined && <Loading />}
      {total === 0 && empty}
      {rows.length > 0 && <DataTable label={label} columns={columns} rows={rows} rowKey={rowKey} />}
      {hasMore && total !== null && (
        <p>
          <button type="button" onClick={pages.more} disabled={loading}>
            {SHELL.more(count(Math.min(100, total - rows.length)))}
          </button>
        </p>
      )}
    </>
  );
}
