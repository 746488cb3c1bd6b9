import type { DatabaseTime } from './database/database-time.js';

/** The time. */
export abstract class Clock {
  abstract now(): Date;

  /** How many times it has been set back. */
  get timesSetBack(): number {
    return 0;
  }
}

/** The time of the database: one clock for all servers. */
export class DatabaseClock extends Clock {
  constructor(private readonly time: DatabaseTime) {
    super();
  }

  override now(): Date {
    return this.time.now();
  }

  override get timesSetBack(): number {
    return this.time.timesSetBack;
  }
}

/** Injection token of a clock that a test moves; null in production. */
export const FIXED_CLOCK = Symbol('FIXED_CLOCK');
