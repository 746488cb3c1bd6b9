import { useEffect, useRef, useState } from 'preact/hooks';
import type { Column } from './data-table.js';
import { windowOf } from './virtual-rows.js';
import './virtual-table.css';

const ROW = 33;

/**
 * A long table in a box of its own that scrolls. Only the rows that can be seen are in the page. Each row has
 * one line.
 */
export function VirtualTable<Row>({
  label,
  columns,
  rows,
  total,
  rowKey,
  more,
}: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** How many rows there are, also those that are not loaded. */
  total: number;
  rowKey: (row: Row) => string;
  /** Called when the last rows come into view. */
  more: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ scrolled: 0, visible: 800 });
  useEffect(() => {
    const look = () => {
      const { scrollTop, clientHeight } = box.current!;
      setView({ scrolled: scrollTop, visible: clientHeight });
    };
    look();
    const size = new ResizeObserver(look);
    size.observe(box.current!);
    return () => size.disconnect();
  }, []);
  const { from, until, above, below } = windowOf(rows.length, ROW, view.scrolled, view.visible);
  useEffect(() => {
    if (until >= rows.length) more();
  });
  return (
    <div
      class="table-box virtual"
      role="group"
      aria-label={label}
      tabIndex={0}
      ref={box}
      onScroll={({ currentTarget: { scrollTop, clientHeight } }) =>
        setView({ scrolled: scrollTop, visible: clientHeight })
      }
    >
      <table aria-rowcount={total + 1}>
        <caption class="unseen">{label}</caption>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(({ title, number }) => (
              <th key={title} scope="col" class={number === true ? 'number' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && (
            <tr class="space" aria-hidden="true">
              <td colSpan={columns.length} style={{ height: above }} />
            </tr>
          )}
          {rows.slice(from, until).map((row, index) => (
            <tr key={rowKey(row)} aria-rowindex={from + index + 2}>
              {columns.map(({ title, number, cell }) => (
                <td key={title} class={number === true ? 'number' : 'foreign'}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {below > 0 && (
            <tr class="space" aria-hidden="true">
              <td colSpan={columns.length} style={{ height: below }} />
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}
