import { Logger } from '@nestjs/common';
import { isOutage, isUnavailable } from './unavailable.js';

/** A state of failure ends after this time without a failed statement. */
const QUIET_MS = 10_000;
/** How long a fault counts as an outage, unless something was written since. */
const OUTAGE_MS = 5_000;

/**
 * Counts faults of a database and logs changes of state: one line when statements begin to fail, one with
 * their number when that is over.
 *
 * A success does not end it: with a full disk, every second statement may succeed.
 */
export class Faults {
  private readonly log = new Logger('database');
  private failed = 0;
  private since = 0;
  private lastFault = Number.NEGATIVE_INFINITY;
  private lastOutage = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | null = null;

  /** @param name of the database in the log: `database` or `replica` */
  constructor(private readonly name: string) {}

  /** Whether a fault within the last seconds means that the database cannot be used. */
  get outage(): boolean {
    return performance.now() - this.lastOutage < OUTAGE_MS;
  }

  /** Something was written. */
  wrote(): void {
    this.lastOutage = Number.NEGATIVE_INFINITY;
  }

  /**
   * Takes an error of a statement or a connection. Errors that are not faults of the database are ignored.
   */
  note(error: unknown): void {
    if (!isUnavailable(error)) return;
    this.lastFault = performance.now();
    if (isOutage(error)) this.lastOutage = this.lastFault;
    this.failed += 1;
    if (this.timer !== null) return;
    this.since = this.lastFault;
    this.log.warn(
      `the ${this.name} has errors: ${sentenceOf(error)}; further ones are only counted until it works again`,
    );
    this.timer = setInterval(() => this.check(), QUIET_MS / 4).unref();
  }

  /** Ends the state of failure without a log line, as at the end of the process. */
  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private check(): void {
    if (performance.now() - this.lastFault < QUIET_MS) return;
    const seconds = Math.round((this.lastFault - this.since) / 1000);
    this.log.warn(`the ${this.name} works again: ${this.failed} statements failed within ${seconds} s`);
    this.failed = 0;
    this.close();
  }
}

/** The first line of the message, with its SQLSTATE or the code of the socket. */
function sentenceOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  const [line = ''] = (message ?? '').split('\n');
  return [line.slice(0, 300), code === undefined ? null : `(${code})`].filter(Boolean).join(' ');
}
