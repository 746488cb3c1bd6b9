import { boundedCache } from '../bounded-cache.js';

const MINUTE_MS = 60_000;

/** Maximum number of senders that are remembered. One that was forgotten starts with a full bucket. */
const SENDERS = 100_000;

interface Bucket {
  tokens: number;
  at: number;
}

/**
 * A token bucket for each sender: it holds the requests of a minute, and is refilled steadily.
 *
 * In memory, so that a check costs less than a microsecond. Each server has its own.
 */
export class TokenBuckets {
  private readonly buckets = boundedCache<Bucket>(SENDERS);

  /** @param perMinute requests of a sender in a minute */
  constructor(private readonly perMinute: number) {}

  /** Takes a token. @returns after how many seconds there is one; 0: it was taken */
  take(sender: string, now: number): number {
    const bucket = this.bucketOf(sender, now);
    if (bucket.tokens < 1) return Math.max(1, Math.ceil(((1 - bucket.tokens) * 60) / this.perMinute));
    bucket.tokens -= 1;
    return 0;
  }

  private bucketOf(sender: string, now: number): Bucket {
    let bucket = this.buckets.get(sender);
    if (bucket === undefined) {
      bucket = { tokens: this.perMinute, at: now };
      this.buckets.set(sender, bucket);
    }
    // a clock that was set back adds nothing
    const passed = Math.max(0, now - bucket.at);
    bucket.tokens = Math.min(this.perMinute, bucket.tokens + (passed * this.perMinute) / MINUTE_MS);
    bucket.at = now;
    return bucket;
  }
}
