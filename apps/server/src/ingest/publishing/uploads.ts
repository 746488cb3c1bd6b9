import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config.js';
import { overloaded } from '../../errors.js';

/**
 * Admits uploads of module files, one at a time for each publisher. The next is received when the one before
 * is read.
 */
@Injectable()
export class Uploads {
  private readonly turns = new Map<string, (() => void)[]>();

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * Waits for this publisher's turn.
   *
   * @returns a function that ends it, to be called once
   * @throws RequestError BUSY if too many upload or wait
   */
  async begin(publisher: string): Promise<() => void> {
    const waiting = this.turns.get(publisher);
    if (waiting === undefined) {
      if (this.turns.size >= this.config.ingest.uploads) throw overloaded();
      this.turns.set(publisher, []);
    } else {
      if (waiting.length >= this.config.ingest.waitingUploads) throw overloaded();
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
