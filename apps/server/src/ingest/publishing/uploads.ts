import { Injectable } from '@nestjs/common';
import { overloaded } from '../../errors.js';

/** Maximum number of publishers that upload at the same time, and of waiting uploads of one publisher. */
const UPLOAD_LIMITS = { publishers: 4, waiting: 16 } as const;

/** Admits uploads of module files, one at a time for each publisher. The next is received when the one before is read. */
@Injectable()
export class Uploads {
  private readonly turns = new Map<string, (() => void)[]>();

  /**
   * Waits for this publisher's turn.
   *
   * @returns a function that ends it, to be called once
   * @throws RequestError BUSY if too many upload or wait
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
