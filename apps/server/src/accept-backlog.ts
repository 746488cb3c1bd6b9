import { Injectable } from '@nestjs/common';
import type { Server } from 'node:http';

/**
 * Measures the accept backlog: for how long connections have been waiting in the kernel until this process accepts them.
 *
 * libuv accepts one connection of each listening socket in each turn of the event loop. If every socket had one, there may be more.
 */
@Injectable()
export class AcceptBacklog {
  /** Listening sockets of this process. */
  listeners = 1;
  private accepted = 0;
  private since: number | null = null;
  private watching = false;

  /** Milliseconds since the backlog was last empty. */
  get waitMs(): number {
    return this.since === null ? 0 : performance.now() - this.since;
  }

  /** Counts the connections of a server from now on. */
  watch(server: Server): void {
    server.on('connection', () => {
      this.accepted += 1;
      if (!this.watching) this.countTurn();
    });
  }

  private countTurn(): void {
    this.watching = true;
    setImmediate(() => {
      this.since = this.accepted < this.listeners ? null : (this.since ?? performance.now());
      this.accepted = 0;
      this.watching = false;
      if (this.since !== null) this.countTurn();
    });
  }
}
