import { boundedCache } from '../bounded-cache.js';

const MINUTE_MS = 60_000;

/** Maximum number of senders that are remembered. One that was forgotten starts with a full bucket. */
const SENDERS = 100_000;

interface Bucket {
  tokens: number;
  at: number;
}

/**
 * A token bucket for each sender: it holds what the sender may use in a period, and is refilled steadily.
 *
 * In memory, so that a check costs less than a microsecond. Each server has its own.
 */
export class TokenBuckets {
  private readonly buckets = boundedCache<Bucket>(SENDERS);

  /** @param size what a sender may use in the period, such as requests in a minute */
  constructor(
    private readonly size: number,
    private readonly periodMs = MINUTE_MS,
  ) {}

  /**
   * Takes tokens. More than a full bucket has are taken from a full one.
   *
   * @returns after how many seconds there are enough; 0: they were taken
   */
  take(sender: string, now: number, tokens = 1): number {
    const bucket = this.bucketOf(sender, now);
    const needed = Math.min(tokens, this.size);
    const missing = needed - bucket.tokens;
    if (missing > 0) return Math.max(1, Math.ceil((missing * this.periodMs) / this.size / 1000));
    bucket.tokens -= needed;
    return 0;
  }

  private bucketOf(sender: string, now: number): Bucket {
    let bucket = this.buckets.get(sender);
    if (bucket === undefined) {
      bucket = { tokens: this.size, at: now };
      this.buckets.set(sender, bucket);
    }
    // a clock that was set back adds nothing
    const passed = Math.max(0, now - bucket.at);
    bucket.tokens = Math.min(this.size, bucket.tokens + (passed * this.size) / this.periodMs);
    bucket.at = now;
    return bucket;
  }
}
