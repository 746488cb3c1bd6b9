import { Injectable } from '@nestjs/common';
import { overloaded } from '../../errors.js';

/** Publishers whose uploads are received at once, and uploads of one publisher that wait for their turn. */
const UPLOAD_LIMITS = { publishers: 4, waiting: 16 } as const;

/** Uploads of module files, one at a time for each publisher: while one is received and read, the next is not even received. */
@Injectable()
export class Uploads {
  private readonly turns = new Map<string, (() => void)[]>();

  /**
   * Waits for this publisher's turn.
   *
   * @returns what ends it; called once
   * @throws RequestError BUSY where too many upload or wait
   */
  async begin(publisher: string): Promise<() => void> {
    const waiting = this.turns.get(publisher);
    if (waiting === undefined) {
      if (this.turns.size >= UPLOAD_LIMITS.publishers) throw overloaded();
      this.turns.set(publisher, []);
    } else {
      if (waiting.length >= UPLOAD_LIMITS.waiting) throw overloaded();
      await new Promise<void>((resolve) => void waiting.push(resolve));
    }
    return () => this.end(publisher);
  }

  private end(publisher: string): void {
    const next = this.turns.get(publisher)?.shift();
    if (next === undefined) this.turns.delete(publisher);
    else next();
  }
}
