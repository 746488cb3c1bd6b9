import { randomUUID } from 'node:crypto';
import { sha256 } from '@klpreg/wire';

const MINUTE_MS = 60_000;

/**
 * Buckets that are not full, at most: 24 bytes each, 1.5 MiB. A full bucket takes no place. One request of 600
 * a minute fills its bucket again after 100 ms, so a million hosts that send each minute need 1,700 places.
 */
const SETS = 8_192;
const SET_SIZE = 8;

/** Secret, so that no sender can choose a name that has the place of another one. */
const SEED = randomUUID();

/**
 * A token bucket for each sender: it holds what the sender may use in a period, and is refilled steadily.
 *
 * In memory, so that a check costs two microseconds. Each server has its own. If all places of a set are taken, the
 * bucket that is full first is forgotten. A sender that uses up its bucket is the last to be forgotten.
 */
export class TokenBuckets {
  /** 48 bits of the hash of each sender. */
  private readonly senders = new Float64Array(SETS * SET_SIZE);
  /** What each sender had used of its bucket at the time of its last request. 0: the bucket is full. */
  private readonly used = new Float64Array(SETS * SET_SIZE);
  private readonly at = new Float64Array(SETS * SET_SIZE);

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
    const before = this.senders[place] === id ? this.usedAt(place, now) : 0;
    const needed = Math.min(tokens, this.size);
    const missing = before + needed - this.size;
    // sums of fractions are not exact
    const isEnough = missing < 1e-6;
    this.senders[place] = id;
    this.used[place] = isEnough ? before + needed : before;
    this.at[place] = now;
    return isEnough ? 0 : Math.max(1, Math.ceil((missing * this.periodMs) / this.size / 1000));
  }

  /** What is used of a bucket now. A clock that was set back adds nothing, and takes nothing. */
  private usedAt(place: number, now: number): number {
    const passed = Math.max(0, now - this.at[place]!);
    return Math.max(0, this.used[place]! - (passed * this.size) / this.periodMs);
  }

  /** Returns the place of a sender in its set, or that of the bucket that is full first. */
  private placeOf(id: number, first: number): number {
    let earliest = first;
    for (let place = first; place < first + SET_SIZE; place++) {
      if (this.senders[place] === id) return place;
      if (this.fullAt(place) < this.fullAt(earliest)) earliest = place;
    }
    return earliest;
  }

  /** When a bucket is full again, in milliseconds. 0: it was never used. */
  private fullAt(place: number): number {
    return this.at[place]! + (this.used[place]! * this.periodMs) / this.size;
  }
}
