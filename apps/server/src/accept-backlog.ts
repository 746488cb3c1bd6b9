import type { Server } from 'node:net';
import { Injectable } from '@nestjs/common';

/**
 * Measures the accept backlog: for how long connections have been waiting in the kernel until this process
 * accepts them.
 *
 * libuv accepts one connection of each listening socket in each turn of the event loop. A socket that had one
 * in every turn since an instant may have had more since then.
 */
@Injectable()
export class AcceptBacklog {
  /** Listening sockets of this process. */
  listeners = 1;
  /** Sockets that accepted a connection in this turn. */
  private thisTurn = new Set<Server>();
  /** Since when each of these sockets has accepted a connection in every turn. */
  private since = new Map<Server, number>();
  private watching = false;

  /** Milliseconds since the backlog was last empty. */
  get waitMs(): number {
    return this.since.size === 0 ? 0 : performance.now() - Math.min(...this.since.values());
  }

  /** Notes a connection of this socket. */
  accepted(listener: Server): void {
    this.thisTurn.add(listener);
    if (!this.watching) this.countTurn();
  }

  private countTurn(): void {
    this.watching = true;
    setImmediate(() => {
      const now = performance.now();
      this.since = new Map([...this.thisTurn].map((listener) => [listener, this.since.get(listener) ?? now]));
      this.thisTurn = new Set();
      this.watching = false;
      if (this.since.size > 0) this.countTurn();
    });
  }
}
