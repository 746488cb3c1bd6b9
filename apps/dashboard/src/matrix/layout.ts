/** Where the cells of the matrix are, in pixels. */
export interface Layout {
  /** The length of a side of a cell. */
  readonly cell: number;
  /** The space for the names: left of the rows, and above the columns. */
  readonly left: number;
  readonly top: number;
  readonly cells: number;
}

/** Cells smaller than this have no sign, and their rows no name. */
export const LEGIBLE = 11;
const LARGE = 18;
const LARGEST = 28;
const SMALLEST = 3;

/** Lays out `cells` rows and columns in a box of this width. */
export function layOut(cells: number, width: number, isLarge: boolean): Layout {
  const named = { left: Math.min(200, Math.round(width * 0.34)), top: 130 };
  const fitting = Math.floor((width - named.left) / Math.max(1, cells));
  const cell = Math.min(LARGEST, Math.max(isLarge ? LARGE : SMALLEST, fitting));
  if (cell >= LEGIBLE) return { ...named, cell, cells };
  const narrow = { left: 24, top: 24 };
  const small = Math.max(SMALLEST, Math.min(LEGIBLE - 1, Math.floor((width - narrow.left) / cells)));
  return { ...narrow, cell: small, cells };
}

/** The cell at a position in the content of the box. Null if there is none. */
export function cellAt(
  { cell, left, top, cells }: Layout,
  x: number,
  y: number,
): { readonly row: number; readonly column: number } | null {
  const [row, column] = [Math.floor((y - top) / cell), Math.floor((x - left) / cell)];
  return row >= 0 && row < cells && column >= 0 && column < cells ? { row, column } : null;
}

/** How far a page key moves. */
const PAGE = 10;

/** The cell to which a key leads. Null if the key does not move. */
export function moved(
  key: string,
  isControl: boolean,
  { row, column }: { readonly row: number; readonly column: number },
  cells: number,
): { readonly row: number; readonly column: number } | null {
  const inside = (n: number) => Math.min(cells - 1, Math.max(0, n));
  const last = cells - 1;
  switch (key) {
    case 'ArrowUp':
      return { row: inside(row - 1), column };
    case 'ArrowDown':
      return { row: inside(row + 1), column };
    case 'ArrowLeft':
      return { row, column: inside(column - 1) };
    case 'ArrowRight':
      return { row, column: inside(column + 1) };
    case 'PageUp':
      return { row: inside(row - PAGE), column };
    case 'PageDown':
      return { row: inside(row + PAGE), column };
    case 'Home':
      return { row: isControl ? 0 : row, column: 0 };
    case 'End':
      return { row: isControl ? last : row, column: last };
    default:
      return null;
  }
}
