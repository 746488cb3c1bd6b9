/** The rows of a long table that are drawn, and the space that stands for the others. */
export interface Window {
  readonly from: number;
  readonly until: number;
  readonly above: number;
  readonly below: number;
}

/** Rows that are drawn above and below the visible ones, so that a quick scroll shows no gap. */
const SPARE = 10;

/**
 * Returns which rows to draw.
 *
 * @param height of one row, in pixels
 */
export function windowOf(rows: number, height: number, scrolled: number, visible: number): Window {
  const from = Math.min(rows, Math.max(0, Math.floor(scrolled / height) - SPARE));
  const until = Math.max(from, Math.min(rows, Math.ceil((scrolled + visible) / height) + SPARE));
  return { from, until, above: from * height, below: (rows - until) * height };
}
