import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { MATRIX } from '../texts/matrix.js';
import type { MatrixPatch } from './compatibility.js';
import { draw } from './draw.js';
import { cellAt, layOut, moved } from './layout.js';

/** The position of a cell among the shown patches. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/**
 * The matrix: drawn on a canvas, because it can have 90,000 cells. One element lies over the chosen cell: it
 * has the focus, and says to screen readers what the cell says.
 */
export function Grid({
  patches,
  answer,
  isLarge,
  chosen,
  label,
  choose,
  point,
}: {
  patches: readonly MatrixPatch[];
  answer: (row: number, column: number) => number;
  isLarge: boolean;
  /** Null: none yet. */
  chosen: Cell | null;
  label: (cell: Cell) => string;
  choose: (cell: Cell, isTyped: boolean) => void;
  /** Null: the pointer is over no cell. */
  point: (cell: Cell | null) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const focus = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const layout = layOut(patches.length, width, isLarge);
  const { cell, left, top, cells } = layout;
  const size = cells * cell;

  useLayoutEffect(() => {
    const measured = new ResizeObserver(() => setWidth(box.current!.clientWidth));
    measured.observe(box.current!);
    return () => measured.disconnect();
  }, []);

  useLayoutEffect(() => {
    // it is measured first
    if (width === 0) return undefined;
    const [scrolled, surface] = [box.current!, canvas.current!];
    let frame = 0;
    const now = () => draw(surface, { layout, patches, answer }, scrolled.scrollLeft, scrolled.scrollTop);
    const soon = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(now);
    };
    now();
    // the colours are those of the theme
    const theme = new MutationObserver(soon);
    theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    scrolled.addEventListener('scroll', soon);
    return () => {
      cancelAnimationFrame(frame);
      theme.disconnect();
      scrolled.removeEventListener('scroll', soon);
    };
  }, [patches, answer, width, isLarge]);

  const at = chosen ?? { row: 0, column: 0 };
  const position = `${at.row}-${at.column}`;
  const hasFocus = useRef(false);
  useEffect(() => {
    if (hasFocus.current) focus.current!.focus();
  }, [position]);

  const cellOf = (event: MouseEvent): Cell | null => {
    const { left: x, top: y } = box.current!.getBoundingClientRect();
    const [inX, inY] = [event.clientX - x, event.clientY - y];
    // the names stay when the cells scroll below them
    if (inX < left || inY < top) return null;
    return cellAt(layout, inX + box.current!.scrollLeft, inY + box.current!.scrollTop);
  };
  return (
    <div
      ref={box}
      class="matrix-box"
      role="grid"
      aria-label={MATRIX.grid}
      aria-rowcount={cells}
      aria-colcount={cells}
      style={{ scrollPadding: `${top}px 0 0 ${left}px` }}
      onMouseMove={(event) => point(cellOf(event))}
      onMouseLeave={() => point(null)}
      onClick={(event) => {
        const clicked = cellOf(event);
        if (clicked === null) return;
        hasFocus.current = true;
        choose(clicked, false);
        focus.current!.focus();
      }}
    >
      <canvas ref={canvas} aria-hidden="true" style={{ height: `min(72vh, ${top + size}px)` }} />
      <div class="matrix-area" style={{ width: `${left + size}px`, height: `${top + size}px` }} />
      <div role="row" aria-rowindex={at.row + 1}>
        <div
          key={position}
          ref={focus}
          class={chosen === null ? 'matrix-cell' : 'matrix-cell chosen'}
          role="gridcell"
          tabIndex={0}
          aria-colindex={at.column + 1}
          aria-selected={chosen !== null}
          aria-label={label(at)}
          style={{
            left: `${left + at.column * cell}px`,
            top: `${top + at.row * cell}px`,
            width: `${cell}px`,
            height: `${cell}px`,
          }}
          onFocus={() => {
            hasFocus.current = true;
          }}
          onBlur={({ relatedTarget }) => {
            if (relatedTarget !== null) hasFocus.current = false;
          }}
          onKeyDown={(event) => {
            const to = moved(event.key, event.ctrlKey, at, cells);
            if (to === null) return;
            event.preventDefault();
            choose(to, true);
          }}
        />
      </div>
    </div>
  );
}
