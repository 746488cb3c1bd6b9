import { Logger } from '@nestjs/common';

/** A larger difference between the clocks of server and database is logged. */
const AWAY_MS = 5_000;
/** A clock that is set back by more leaves confirmations in the future. */
const BACK_MS = 30_000;

/**
 * The time of the database, which is one clock for all servers.
 *
 * It is read with each batch, and advances by the monotonic clock of the process. So a wall clock that is
 * wrong or jumps changes nothing. Before the first reading it is the wall clock.
 */
export class DatabaseTime {
  private readonly log = new Logger('clock');
  /** The time of the database less `performance.now()`, in milliseconds. */
  private ahead: number | null = null;
  private away = false;
  private setBack = 0;

  now(): Date {
    return this.ahead === null ? new Date() : new Date(performance.now() + this.ahead);
  }

  /** By how many milliseconds the wall clock of this process is ahead of the database; null: not read yet. */
  get offsetMs(): number | null {
    return this.ahead === null ? null : Date.now() - this.now().getTime();
  }

  /** The number of times that the clock was set back so far that confirmations may lie in the future. */
  get timesSetBack(): number {
    return this.setBack;
  }

  /**
   * Takes a reading. Its error is half the time between statement and answer: a slow reading does not replace
   * a faster one that agrees with it.
   *
   * @param at the time of the database, read between `sent` and now
   * @param sent `performance.now()` before the question
   */
  read(at: Date, sent: number): void {
    const received = performance.now();
    const ahead = at.getTime() - (sent + received) / 2;
    const error = (received - sent) / 2 + 1;
    if (this.ahead !== null && Math.abs(ahead - this.ahead) <= error) return;
    if (this.ahead !== null && this.ahead - ahead > BACK_MS) {
      this.setBack += 1;
      this.log.warn(`the clock of the database was set back by ${seconds(this.ahead - ahead)} s`);
    }
    this.ahead = ahead;
    this.compare();
  }

  private compare(): void {
    const offset = this.offsetMs!;
    const away = Math.abs(offset) > AWAY_MS;
    if (away === this.away) return;
    this.away = away;
    this.log.warn(
      away
        ? `the clock of this machine is ${seconds(offset)} s ahead of the database's; the registry goes ` +
            `by the database's`
        : 'the clock of this machine agrees with the database again',
    );
  }
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 1000);
