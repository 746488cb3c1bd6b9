import type { Socket } from 'node:net';
import pg from 'pg';
import { statementOf } from './sql.js';

/** An agent gives a request 10 s. Everything that a request of an agent waits for is shorter. */
export const LIMITS = {
  /** For the handshake of a new connection. */
  connectMs: 4_000,
  /** For a free connection of the pool. */
  waitMs: 7_000,
  /** For a lock; PostgreSQL ends the statement then. */
  lockMs: 6_000,
  /** For the answer to a statement. */
  statementMs: 8_000,
  /** For the answer to a question about the fleet, and to maintenance: no agent waits for them. */
  longMs: 60_000,
};

/** The connection swallowed a statement: no answer came, and none will. */
class SilentConnection extends Error {
  readonly code = 'ETIMEDOUT';
}

/**
 * A connection that does not wait for ever.
 *
 * Where no answer comes in time, it is closed. TCP notices a peer that is gone; not one that still acknowledges bytes and passes none of them on.
 */
export class PatientClient extends pg.Client {
  /** Hears that a connection went silent: others of its pool may be in the same state. */
  onSilence: () => void = () => {};
  /** Hears why statements failed. */
  onError: (error: unknown) => void = () => {};
  private open = 0;

  constructor(config: pg.ClientConfig) {
    super({ ...config, connectionTimeoutMillis: LIMITS.connectMs, keepAlive: true, keepAliveInitialDelayMillis: 5_000 });
  }

  /** Is no statement under way? */
  get idle(): boolean {
    return this.open === 0;
  }

  /** Closes the connection without a word. */
  destroy(error?: Error): void {
    (this as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream.destroy(error);
  }

  override query(...given: never[]): never {
    const args: unknown[] = given;
    const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text?: string } | null)?.text;
    const limit = text !== undefined && statementOf(text).isLong ? LIMITS.longMs : LIMITS.statementMs;
    this.open += 1;
    const timer = setTimeout(() => this.giveUp(limit), limit);
    const over = (error?: unknown) => {
      this.open -= 1;
      clearTimeout(timer);
      if (error) this.onError(error);
    };
    const last = args.at(-1);
    if (typeof last === 'function') {
      args[args.length - 1] = (...answer: unknown[]) => {
        over(answer[0]);
        (last as (...answer: unknown[]) => void)(...answer);
      };
      return super.query(...(args as [never])) as never;
    }
    const result: unknown = super.query(...(args as [never]));
    if (result instanceof Promise) result.then(() => over(), over);
    else over();
    return result as never;
  }

  private giveUp(limit: number): void {
    this.destroy(new SilentConnection(`the database did not answer a statement within ${limit / 1000} s`));
    this.onSilence();
  }
}
