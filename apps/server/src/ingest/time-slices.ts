import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 2;

/** Lets long work give way to other requests: after each slice of about 2 ms the event loop has a turn. */
export class TimeSlices {
  private end = performance.now() + SLICE_MS;

  /** Returns a promise if the slice is over. It must be awaited before the work goes on. */
  next(): Promise<void> | undefined {
    if (performance.now() < this.end) return undefined;
    return nextTurn().then(() => void (this.end = performance.now() + SLICE_MS));
  }
}

/** Applies a function to each item, in time slices. */
export async function mapInSlices<In, Out>(items: readonly In[], apply: (item: In) => Out): Promise<Out[]> {
  const slices = new TimeSlices();
  const results: Out[] = [];
  for (const item of items) {
    const turn = slices.next();
    if (turn !== undefined) await turn;
    results.push(apply(item));
  }
  return results;
}
