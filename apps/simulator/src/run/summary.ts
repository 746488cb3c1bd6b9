import type { Tally } from './tally.js';

/** What a run has come to. */
export interface Summary {
  readonly hosts: number;
  readonly loaded: number;
  readonly loadSeconds: number;
  readonly seconds: number;
  readonly documents: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Letters that nobody has acknowledged: they were being sent, or waited for the registry. */
  readonly waiting: number;
  readonly retried: number;
  readonly published: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly happened: Readonly<Record<string, number>>;
  readonly lies: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
}

const plain = (counts: ReadonlyMap<string, number>): Record<string, number> => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));

/** What has this run come to? */
export const summarise = (tally: Tally, hosts: number, loadSeconds: number, waiting: number, published: ReadonlyMap<string, number>): Summary => ({
  hosts,
  loaded: tally.loaded,
  loadSeconds: Number(loadSeconds.toFixed(1)),
  seconds: Number(tally.seconds.toFixed(1)),
  documents: tally.documents,
  requests: tally.requests,
  p50Ms: tally.percentile(0.5),
  p99Ms: tally.percentile(0.99),
  waiting,
  retried: tally.retried,
  published: plain(published),
  outcomes: plain(tally.outcomes),
  happened: plain(tally.happened),
  lies: plain(tally.lies),
  errors: plain(tally.errors),
  refused: plain(tally.refused),
});

/** The same for people: a line for each number, and one for each count. */
export function show(summary: Summary): string {
  const lines = Object.entries(summary).flatMap(([name, value]: [string, number | Record<string, number>]) => {
    if (typeof value === 'number') return [`${name.padEnd(14)}${value.toLocaleString('en-US').padStart(12)}`];
    return Object.entries(value).map(([key, count], at) => `${(at === 0 ? name : '').padEnd(14)}${count.toLocaleString('en-US').padStart(12)}  ${key}`);
  });
  return `${lines.join('\n')}\n`;
}
