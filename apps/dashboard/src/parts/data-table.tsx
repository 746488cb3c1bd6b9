import type { ComponentChildren } from 'preact';
import { visible } from './visible.js';

export interface Column<Row> {
  readonly title: string;
  /** Numbers are right-aligned. */
  readonly number?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

/** A cell of text may be a list of foreign texts. */
const shown = (cell: ComponentChildren): ComponentChildren =>
  typeof cell === 'string' ? visible(cell) : cell;

/** Rows in columns. A wide table scrolls in its own box. */
export function DataTable<Row>({
  label,
  columns,
  rows,
  rowKey,
}: {
  /** What the table lists, for screen readers. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row, index: number) => string | number;
}) {
  return (
    <div class="table-box" role="group" aria-label={label} tabIndex={0}>
      <table>
        <caption class="unseen">{label}</caption>
        <thead>
          <tr>
            {columns.map(({ title, number }) => (
              <th key={title} scope="col" class={number === true ? 'number' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={rowKey(row, index)}>
              {columns.map(({ title, number, cell }) => (
                <td key={title} class={number === true ? 'number' : 'foreign'}>
                  {shown(cell(row))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
