import type { MatrixPatch } from './compatibility.js';
import type { Layout } from './layout.js';

/** What is drawn. */
export interface Drawing {
  readonly layout: Layout;
  /** The shown patches, in the order of rows and columns. */
  readonly patches: readonly MatrixPatch[];
  /** Of each shown row and column: an index of `ANSWERS`. */
  readonly answer: (row: number, column: number) => number;
}

/** The part of a drawing that its box shows. */
export interface Part {
  readonly context: CanvasRenderingContext2D;
  /** The value of a name of tokens.css. */
  readonly token: (name: string) => string;
  readonly width: number;
  readonly height: number;
  /** Where row 0 and column 0 begin. */
  readonly x: number;
  readonly y: number;
  readonly rows: Range;
  readonly columns: Range;
}

/** Of indexes of rows or columns. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Draws only inside of what is right of `left` and below `top`. */
export function inside({ context, width, height }: Part, left: number, top: number, act: () => void): void {
  context.save();
  context.beginPath();
  context.rect(left, top, width - left, height - top);
  context.clip();
  act();
  context.restore();
}
