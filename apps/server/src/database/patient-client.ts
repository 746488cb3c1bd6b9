import type { Socket } from 'node:net';
import pg from 'pg';
import { statementOf } from './sql.js';

/** Time limits. An agent ends a request after 10 s; everything that such a request waits for takes less. */
export const LIMITS = {
  /** For the handshake of a new connection. */
  connectMs: 4_000,
  /** For a free connection of the pool. */
  waitMs: 7_000,
  /** For a lock; PostgreSQL ends the statement then. */
  lockMs: 6_000,
  /** For the answer to a statement. */
  statementMs: 8_000,
  /** For the answer to a statement of a question or of maintenance: no agent waits for them. */
  longMs: 60_000,
};

/** A statement got no answer in time. */
class SilentConnection extends Error {
  readonly code = 'ETIMEDOUT';
}

/**
 * A connection with time limits. It is closed if an answer does not come in time.
 *
 * TCP detects a peer that is gone, but not one that acknowledges bytes and passes none of them on.
 */
export class PatientClient extends pg.Client {
  /** Called if an answer did not come in time: other connections may be in the same state. */
  onSilence: () => void = () => {};
  /** Called with the errors of statements. */
  onError: (error: unknown) => void = () => {};
  private open = 0;

  constructor(config: pg.ClientConfig) {
    super({
      ...config,
      connectionTimeoutMillis: LIMITS.connectMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
    });
  }

  /** Whether no statement is in progress. */
  get idle(): boolean {
    return this.open === 0;
  }

  /** Closes the connection without a message to the server. */
  destroy(error?: Error): void {
    (this as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream.destroy(
      error,
    );
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
