import { INGEST_LIMITS } from './gather.js';

export interface LineLimits {
  /** From so many documents on, what is answered in a second is what can be: the pace. */
  readonly busy: number;
  /** So many may always be in line, however slow it goes. */
  readonly least: number;
  /** So many at most, however fast it goes. */
  readonly most: number;
  /** Whoever comes last waits about so long. */
  readonly waitMs: number;
  /** After somebody has knocked for so long, those who come new are let in up to so many; after twice as long, half as many; and so on. */
  readonly newcomers: { readonly afterMs: number; readonly most: number; readonly least: number };
  /** Whoever is sent away is asked to come back after so long at the earliest and at the latest. */
  readonly backMs: { readonly first: number; readonly last: number };
}

/** An agent gives a request 10 to 15 seconds, and a round 30: of those who are asked to come back after that, most wait for their next round, which costs nothing. */
export const LINE_LIMITS: LineLimits = {
  busy: INGEST_LIMITS.size,
  least: INGEST_LIMITS.size * (INGEST_LIMITS.parallel + 1),
  most: INGEST_LIMITS.queue,
  waitMs: 1000,
  newcomers: { afterMs: 250, most: 200, least: 20 },
  backMs: { first: 2000, last: 60_000 },
};

/** The pace before any was measured, in documents a second: a server that has just started is slow. */
const FIRST_PACE = 1000;
/** It is never taken to be slower, so that times to come back stay apart. */
const SLOWEST_PACE = 1;
/** So long is measured before it counts. */
const MEASURED_MS = 500;
/** For eight documents that are answered, one is asked to come back: to send somebody away costs hardly less than a document, and those who come for the first time need a place, too. */
const COMING_BACK = 0.125;

/**
 * The documents that are at a door and not answered yet. Is there room for one more, so that none is late?
 *
 * As many have room as are answered in a second at the pace of the last seconds: a registry that takes everything when a fleet comes back answers nobody before they give up, and does
 * its work for nothing. Whoever finds no room is told so at once, and when to come back: each at a time of their own, more slowly than places become free.
 */
export class Line {
  private documents = 0;
  /** Documents a second when the line was last busy. */
  private pace = FIRST_PACE;
  private busySince: number | null = null;
  private measured = { documents: 0, ms: 0 };
  private next = 0;

  /** @param now milliseconds on a clock that never goes back */
  constructor(
    private readonly limits: LineLimits = LINE_LIMITS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** How many documents are in line. */
  get length(): number {
    return this.documents;
  }

  /** How many may be. */
  get room(): number {
    const { least, most, waitMs } = this.limits;
    return Math.round(Math.min(most, Math.max(least, (this.pace * waitMs) / 1000)));
  }

  /** Is there no room for one more? */
  get full(): boolean {
    return this.documents >= this.room;
  }

  /**
   * Is there no room for one who comes new, while others knock whom nobody has heard?
   *
   * The longer they have knocked, the fewer are let in, and the sooner all are heard: to be sent away in time is better than to be served too late. A few are let in always.
   *
   * @param knockingMs how long somebody has been waiting to be heard
   */
  closedToNewcomers(knockingMs: number): boolean {
    const { afterMs, most, least } = this.limits.newcomers;
    return this.full || (knockingMs > afterMs && this.documents >= Math.max(least, (most * afterMs) / knockingMs));
  }

  /** These are in line from now on, whether there was room or not. */
  enter(documents: number): void {
    this.documents += documents;
    if (this.documents >= this.limits.busy) this.busySince ??= this.now();
  }

  /** These are answered. */
  leave(documents: number): void {
    this.documents -= documents;
    if (this.busySince === null) return;
    const now = this.now();
    this.measured.documents += documents;
    this.measured.ms += now - this.busySince;
    this.busySince = this.documents >= this.limits.busy ? now : null;
    if (this.measured.ms < MEASURED_MS) return;
    this.pace = Math.max(SLOWEST_PACE, (this.pace + (this.measured.documents * 1000) / this.measured.ms) / 2);
    this.measured = { documents: 0, ms: 0 };
  }

  /** When may one who found no room come back? Each call gives a time away. @returns whole seconds, for `Retry-After` */
  comeBack(): number {
    const { first, last } = this.limits.backMs;
    const now = this.now();
    const step = 1000 / (this.pace * COMING_BACK);
    this.next = Math.max(this.next + step, now + first);
    // every time is given away: once more from the first on
    if (this.next > now + last) this.next = now + first;
    return Math.ceil((this.next - now) / 1000);
  }
}
