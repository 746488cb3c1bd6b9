import { type Drawing, inside, type Part } from './drawing.js';

/** Between a name and its row or column. */
const SPACE = 6;

/** Draws the names of the rows at the left, and those of the columns above. They stay when it scrolls. */
export function drawNames({ layout: { cell, left, top }, patches }: Drawing, part: Part): void {
  const { context, token, rows, columns } = part;
  context.fillStyle = token('--text');
  context.font = `${Math.min(12, cell - 1)}px ${token('--font')}`;
  context.textBaseline = 'middle';
  inside(part, 0, top, () => {
    context.textAlign = 'right';
    for (let row = rows.from; row < rows.to; row++)
      context.fillText(
        cut(context, patches[row]!.name, left - 2 * SPACE),
        left - SPACE,
        part.y + (row + 0.5) * cell,
      );
  });
  inside(part, left, 0, () => {
    context.textAlign = 'left';
    for (let column = columns.from; column < columns.to; column++) {
      context.save();
      context.translate(part.x + (column + 0.5) * cell, top - SPACE);
      context.rotate(-Math.PI / 2);
      context.fillText(cut(context, patches[column]!.name, top - 2 * SPACE), 0, 0);
      context.restore();
    }
  });
}

/** A name as far as there is room for it. A name can have 10,000 characters. */
function cut(context: CanvasRenderingContext2D, name: string, width: number): string {
  let text = name.slice(0, 60);
  if (text === name && context.measureText(text).width <= width) return text;
  while (text !== '' && context.measureText(`${text}…`).width > width) text = text.slice(0, -1);
  return `${text}…`;
}
