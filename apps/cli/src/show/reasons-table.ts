import { table } from './table.js';

/**
 * Formats the reasons of an answer, after an empty line. Without a reason there is nothing.
 *
 * @param rows hosts, kind, code and sentence of each
 * @param width null: no limit
 */
export const reasonsTable = (rows: readonly string[][], width: number | null): string[] =>
  rows.length === 0
    ? []
    : [
        '',
        table(
          [
            { head: 'HOSTS', align: 'right' },
            { head: 'KIND' },
            { head: 'CODE' },
            { head: 'WHY', wrap: true },
          ],
          rows,
          width,
        ),
      ];
