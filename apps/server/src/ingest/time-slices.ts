import { setImmediate as nextTurn } from 'node:timers/promises';

/** Lets long work give way to other requests: after each slice the event loop has a turn. */
export class TimeSlices {
  private end: number;

  constructor(private readonly sliceMs: number) {
    this.end = performance.now() + sliceMs;
  }

  /** Returns a promise if the slice is over. It must be awaited before the work goes on. */
  next(): Promise<void> | undefined {
    if (performance.now() < this.end) return undefined;
    return nextTurn().then(() => void (this.end = performance.now() + this.sliceMs));
  }
}

/** Applies a function to each item, in time slices. */
export async function mapInSlices<In, Out>(
  items: readonly In[],
  sliceMs: number,
  apply: (item: In) => Out,
): Promise<Out[]> {
  const slices = new TimeSlices(sliceMs);
  const results: Out[] = [];
  for (const item of items) {
    const turn = slices.next();
    if (turn !== undefined) await turn;
    results.push(apply(item));
  }
  return results;
}
