import Table from 'cli-table3';
import stringWidth from 'string-width';

/** Two spaces between columns and no borders, so that `awk` can split the rows. */
const BORDERLESS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

/** One column: its heading, and whether its text may wrap on a narrow terminal. */
export interface Column {
  readonly head: string;
  readonly align?: 'left' | 'right';
  readonly wrap?: true;
}

/**
 * Formats rows as a table.
 *
 * @param width the width of the terminal; null: no limit, each row on one line
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | null,
): string {
  const natural = columns.map((column, i) =>
    Math.max(column.head.length, ...rows.map((row) => stringWidth(row[i] ?? ''))),
  );
  const grid = new Table({
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    head: columns.map((column) => column.head),
    colWidths: width === null ? natural : fit(columns, rows, natural, width),
    colAligns: columns.map((column) => column.align ?? 'left'),
    wordWrap: true,
  });
  grid.push(...rows.map((row) => [...row]));
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/**
 * Returns the widths of the columns. Shrinks those that may wrap, the widest first, and never cuts a word.
 */
function fit(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  natural: readonly number[],
  width: number,
): number[] {
  const narrowest = columns.map((column, i) =>
    Math.max(column.head.length, ...rows.map((row) => longestWord(row[i] ?? ''))),
  );
  const widths = [...natural];
  const available = width - 2 * (columns.length - 1);
  for (;;) {
    const over = widths.reduce((sum, each) => sum + each, 0) - available;
    const widest = columns.reduce<number | null>(
      (found, column, i) =>
        column.wrap && widths[i]! > narrowest[i]! && (found === null || widths[i]! > widths[found]!)
          ? i
          : found,
      null,
    );
    if (over <= 0 || widest === null) return widths;
    widths[widest] = widths[widest]! - 1;
  }
}

const longestWord = (text: string): number => Math.max(...text.split(' ').map(stringWidth));

const INDENT = 7;

/** Formats a table with a sentence below each row, for text that is too long for a column. */
export function tableWithDetails(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  details: readonly string[],
  width: number,
): string {
  const [head, ...lines] = table(columns, rows, null).split('\n');
  return [
    head,
    ...lines.flatMap((line, i) => [
      line,
      ...wrapped(details[i] ?? '', width - INDENT).map((part) => `${' '.repeat(INDENT)}${part}`),
    ]),
  ].join('\n');
}

/** Breaks text between words. A word that is too long stays whole. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || stringWidth(last) + 1 + stringWidth(word) > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
