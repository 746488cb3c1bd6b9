import { ANSWERS } from './compatibility.js';
import { drawNames } from './draw-names.js';
import { type Drawing, inside, type Part, type Range } from './drawing.js';
import { LEGIBLE } from './layout.js';
import { COLOURS, SIGNS } from './signs.js';

/** Draws the part of the matrix that its box shows, when it is scrolled to `x` and `y`. */
export function draw(canvas: HTMLCanvasElement, drawing: Drawing, x: number, y: number): void {
  const ratio = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext('2d', { alpha: false })!;
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const token = (name: string) => style.getPropertyValue(name);
  context.fillStyle = token('--panel');
  context.fillRect(0, 0, width, height);

  const { cell, left, top, cells } = drawing.layout;
  const part: Part = {
    context,
    token,
    width,
    height,
    x: left - x,
    y: top - y,
    rows: inView(y, height - top, cell, cells),
    columns: inView(x, width - left, cell, cells),
  };
  inside(part, left, top, () => {
    for (const index of ANSWERS.keys()) drawAnswer(drawing, part, index);
  });
  if (cell >= LEGIBLE) drawNames(drawing, part);
}

/** Draws all cells that have one answer, so that the colour is set once. */
function drawAnswer({ layout: { cell }, answer }: Drawing, part: Part, index: number): void {
  const { context, token, rows, columns } = part;
  const each = (act: (x: number, y: number) => void) => {
    for (let row = rows.from; row < rows.to; row++)
      for (let column = columns.from; column < columns.to; column++)
        if (answer(row, column) === index) act(part.x + column * cell, part.y + row * cell);
  };
  const name = ANSWERS[index]!;
  const [colour, signColour] = COLOURS[name];
  const side = cell >= 5 ? cell - 1 : cell;
  // where there is no room for a sign, a shape tells the answers apart
  const height = cell < LEGIBLE && name === 'NOT_KNOWN' ? side / 2 : side;
  context.fillStyle = token(colour);
  each((x, y) => context.fillRect(x, y, side, height));
  context.fillStyle = token(signColour);
  if (cell >= LEGIBLE) {
    context.font = `700 ${Math.min(14, cell - 3)}px ${token('--mono')}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    each((x, y) => context.fillText(SIGNS[name], x + side / 2, y + side / 2 + 1));
  } else if (name === 'NO_RETURN') {
    const dot = Math.max(1, Math.round(side / 3));
    each((x, y) => context.fillRect(x + (side - dot) / 2, y + (side - dot) / 2, dot, dot));
  }
}

const inView = (scrolled: number, length: number, cell: number, cells: number): Range => ({
  from: Math.max(0, Math.floor(scrolled / cell)),
  to: Math.min(cells, Math.ceil((scrolled + length) / cell)),
});
