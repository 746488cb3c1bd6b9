import { setImmediate } from 'node:timers/promises';

const LONG_MS = 2;

/**
 * Work on many things that lets others in between: questions come while documents are read and decided.
 *
 *     for (const one of many) {
 *       if (turn.isOver) await turn.next();
 *       …
 *     }
 */
export class Turn {
  private began = performance.now();

  /** Has this gone on for so long that others have waited enough? */
  get isOver(): boolean {
    return performance.now() - this.began > LONG_MS;
  }

  /** Goes on when everybody else has had a turn. */
  async next(): Promise<void> {
    await setImmediate();
    this.began = performance.now();
  }
}
