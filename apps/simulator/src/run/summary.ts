import type { Counters } from './counters.js';

/** The result of a run. */
export interface Summary {
  readonly hosts: number;
  readonly loaded: number;
  readonly loadSeconds: number;
  readonly seconds: number;
  readonly documents: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Messages without a reply at the end of the run. */
  readonly waiting: number;
  readonly retried: number;
  readonly published: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly happened: Readonly<Record<string, number>>;
  readonly faults: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
}

const plain = (counts: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));

export const summarise = (
  counters: Counters,
  hosts: number,
  loadSeconds: number,
  waiting: number,
  published: ReadonlyMap<string, number>,
): Summary => ({
  hosts,
  loaded: counters.loaded,
  loadSeconds: Number(loadSeconds.toFixed(1)),
  seconds: Number(counters.seconds.toFixed(1)),
  documents: counters.documents,
  requests: counters.requests,
  p50Ms: counters.percentile(0.5),
  p99Ms: counters.percentile(0.99),
  waiting,
  retried: counters.retried,
  published: plain(published),
  outcomes: plain(counters.outcomes),
  happened: plain(counters.happened),
  faults: plain(counters.faults),
  errors: plain(counters.errors),
  refused: plain(counters.refused),
});

const row = (name: string, value: number): string =>
  `${name.padEnd(14)}${value.toLocaleString('en-US').padStart(12)}`;

/** Formats a summary as a table: one row for each number and each count. */
export function show(summary: Summary): string {
  const lines = Object.entries(summary).flatMap(
    ([name, value]: [string, number | Record<string, number>]) => {
      if (typeof value === 'number') return [row(name, value)];
      return Object.entries(value).map(
        ([key, count], index) => `${row(index === 0 ? name : '', count)}  ${key}`,
      );
    },
  );
  return `${lines.join('\n')}\n`;
}
