/** A rectangle in shares of the whole: from 0 to 1. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Divides a box among weights, so that areas are proportional and the pieces nearly squares (a squarified
 * treemap, as Bruls, Huizing and van Wijk describe it).
 *
 * @param weights positive, the largest first
 * @param aspect width of the whole, divided by its height
 * @returns the piece of each weight. They do not overlap, and fill the box
 */
export function treemap(weights: readonly number[], aspect: number): Box[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const boxes: Box[] = [];
  // what is still free, with sides as long as they are seen
  let free = { x: 0, y: 0, width: aspect, height: 1 };
  let start = 0;
  while (start < weights.length) {
    const areas = weights.slice(start).map((weight) => (weight / total) * aspect);
    const side = Math.min(free.width, free.height);
    let length = 1;
    while (length < areas.length && worst(areas, length + 1, side) <= worst(areas, length, side)) length++;
    free = place(areas.slice(0, length), free, boxes);
    start += length;
  }
  return boxes.map(({ x, y, width, height }) => ({ x: x / aspect, y, width: width / aspect, height }));
}

/** The longest ratio of sides in a row of the first areas along a side. */
function worst(areas: readonly number[], length: number, side: number): number {
  const row = areas.slice(0, length);
  const thickness = row.reduce((sum, area) => sum + area, 0) / side;
  return Math.max(...row.map((area) => Math.max(thickness ** 2 / area, area / thickness ** 2)));
}

/** Adds a row of pieces along the shorter side of the free box, and returns what is left of it. */
function place(row: readonly number[], free: Box, boxes: Box[]): Box {
  const area = row.reduce((sum, each) => sum + each, 0);
  const isUpright = free.width >= free.height;
  const thickness = area / (isUpright ? free.height : free.width);
  let at = isUpright ? free.y : free.x;
  for (const each of row) {
    const length = each / thickness;
    boxes.push(
      isUpright
        ? { x: free.x, y: at, width: thickness, height: length }
        : { x: at, y: free.y, width: length, height: thickness },
    );
    at += length;
  }
  return isUpright
    ? { ...free, x: free.x + thickness, width: free.width - thickness }
    : { ...free, y: free.y + thickness, height: free.height - thickness };
}
