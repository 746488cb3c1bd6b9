/** Histogram buckets for each doubling of the latency: percentiles are accurate to about 4 %. */
const PER_DOUBLING = 16;
const SHORTEST_MS = 0.05;

/** The counters of a run. */
export class Counters {
  readonly startedAt = performance.now();
  loaded = 0;
  documents = 0;
  requests = 0;
  retried = 0;
  readonly outcomes = new Map<string, number>();
  readonly errors = new Map<string, number>();
  /** Correct messages that the registry rejected, by reason. */
  readonly refused = new Map<string, number>();
  readonly happened = new Map<string, number>();
  /** Replies to faulty messages, by fault and by whether the reply was the expected one. */
  readonly faults = new Map<string, number>();
  private buckets = new Uint32Array(PER_DOUBLING * 24);

  increment(counts: Map<string, number>, key: string): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  /** Counts a request that had a response. */
  addLatency(milliseconds: number): void {
    this.requests++;
    const bucket = Math.round(Math.log2(Math.max(milliseconds, SHORTEST_MS) / SHORTEST_MS) * PER_DOUBLING);
    this.buckets[Math.min(bucket, this.buckets.length - 1)]!++;
  }

  /** Returns a percentile of the latency in milliseconds. @param share 0.5 for the median */
  percentile(share: number): number {
    let left = this.requests * share;
    for (const [bucket, count] of this.buckets.entries()) {
      left -= count;
      if (count > 0 && left <= 0) return Number((SHORTEST_MS * 2 ** (bucket / PER_DOUBLING)).toPrecision(3));
    }
    return 0;
  }

  resetLatencies(): void {
    this.requests = 0;
    this.buckets = new Uint32Array(this.buckets.length);
  }

  get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }
}
