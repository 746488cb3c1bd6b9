/** The numbers of hosts by verdict at a full hour, as the registry keeps them. */
export interface CountsAt {
  readonly time: string;
  readonly safe: number;
  readonly unknown: number;
  readonly unsafe: number;
  readonly refused: number;
}

/** The order in which the areas of the chart lie on each other, from the bottom. */
export const AREAS = ['safe', 'unknown', 'unsafe', 'refused'] as const;

/**
 * The areas of a chart: times in seconds, then for each area its upper edge, the topmost first. A chart fills
 * each from its edge to the bottom, so that the next one covers it.
 */
export function areasOf(rows: readonly CountsAt[]): number[][] {
  const edges = AREAS.map((_, top) =>
    rows.map((row) => AREAS.slice(0, top + 1).reduce((sum, area) => sum + row[area], 0)),
  );
  return [rows.map(({ time }) => Date.parse(time) / 1000), ...edges.reverse()];
}
