import type { DatabaseTime } from './database/database-time.js';

/** The time. Tests hold one of their own and move it. */
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
