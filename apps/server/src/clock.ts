import type { DatabaseTime } from './database/database-time.js';

/** The time. */
export abstract class Clock {
  abstract now(): Date;
}

/** The time of the database: one clock for all servers. */
export class DatabaseClock extends Clock {
  constructor(private readonly time: DatabaseTime) {
    super();
  }

  override now(): Date {
    return this.time.now();
  }
}

/** Injection token of a clock that a test moves; null in production. */
export const FIXED_CLOCK = Symbol('FIXED_CLOCK');
