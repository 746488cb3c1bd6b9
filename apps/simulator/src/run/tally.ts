/** Sixteen buckets for each doubling: a percentile is right to some 4 %. */
const PER_DOUBLING = 16;

/** What has become of everything so far. */
export class Tally {
  readonly began = performance.now();
  loaded = 0;
  documents = 0;
  requests = 0;
  retried = 0;
  readonly outcomes = new Map<string, number>();
  readonly errors = new Map<string, number>();
  /** Documents that should have been taken and were not, by why. */
  readonly refused = new Map<string, number>();
  readonly happened = new Map<string, number>();
  /** How the registry answered those who lie: as it should, or not. */
  readonly lies = new Map<string, number>();
  private buckets = new Uint32Array(PER_DOUBLING * 24);

  /** One more of this. */
  add(counts: Map<string, number>, key: string, more = 1): void {
    counts.set(key, (counts.get(key) ?? 0) + more);
  }

  /** A request was answered after so many milliseconds. */
  took(milliseconds: number): void {
    this.requests++;
    const bucket = Math.round(Math.log2(Math.max(milliseconds, 0.05) / 0.05) * PER_DOUBLING);
    this.buckets[Math.min(bucket, this.buckets.length - 1)]!++;
  }

  /** In how many milliseconds was this share of all requests answered? */
  percentile(share: number): number {
    let left = this.requests * share;
    for (const [bucket, count] of this.buckets.entries()) {
      left -= count;
      if (count > 0 && left <= 0) return Number((0.05 * 2 ** (bucket / PER_DOUBLING)).toPrecision(3));
    }
    return 0;
  }

  /** From here on, latencies are counted anew. */
  forgetTimes(): void {
    this.requests = 0;
    this.buckets = new Uint32Array(this.buckets.length);
  }

  get seconds(): number {
    return (performance.now() - this.began) / 1000;
  }
}
