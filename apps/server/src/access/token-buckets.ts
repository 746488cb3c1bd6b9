import { randomUUID } from 'node:crypto';
import { sha256 } from '@klpreg/wire';

const MINUTE_MS = 60_000;

/**
 * Buckets that are not full, at most: 16 bytes each, 1 MiB. A full bucket takes no place. One request of 600
 * a minute fills its bucket again after 100 ms, so a million hosts that send each minute need 1,700 places.
 */
const SETS = 8_192;
const SET_SIZE = 8;

/** Secret, so that no sender can choose a name that has the place of another one. */
const SEED = randomUUID();

/**
 * A token bucket for each sender: it holds what the sender may use in a period, and is refilled steadily.
 *
 * In memory, so that a check costs two microseconds. Each server has its own. A bucket is kept as the time
 * at which it is full again, as in the generic cell rate algorithm (GCRA). If all places of a set are taken,
 * the bucket that is full first is forgotten. A sender that uses up its bucket is the last to be forgotten.
 */
export class TokenBuckets {
  /** 48 bits of the hash of each sender. */
  private readonly senders = new Float64Array(SETS * SET_SIZE);
  private readonly fullAt = new Float64Array(SETS * SET_SIZE);

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
    const digest = sha256(SEED + sender);
    const id = Number.parseInt(digest.slice(0, 12), 16);
    const set = Number.parseInt(digest.slice(12, 16), 16) % SETS;
    const place = this.placeOf(id, set * SET_SIZE);
    const before = this.senders[place] === id ? this.fullAt[place]! : 0;
    // a bucket is at most empty, also after the clock was set back
    const start = Math.min(Math.max(before, now), now + this.periodMs);
    const end = start + (Math.min(tokens, this.size) * this.periodMs) / this.size;
    const missingMs = end - now - this.periodMs;
    // sums of fractions of a millisecond are not exact
    const isEnough = missingMs < 0.5;
    this.senders[place] = id;
    this.fullAt[place] = isEnough ? end : start;
    return isEnough ? 0 : Math.max(1, Math.ceil(missingMs / 1000));
  }

  /** Returns the place of a sender in its set, or that of the bucket that is full first. */
  private placeOf(id: number, first: number): number {
    let earliest = first;
    for (let place = first; place < first + SET_SIZE; place++) {
      if (this.senders[place] === id) return place;
      if (this.fullAt[place]! < this.fullAt[earliest]!) earliest = place;
    }
    return earliest;
  }
}
