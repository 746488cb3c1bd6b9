const LONG_MS = 2;

/**
 * Work on many things that lets others in between: questions come while documents are read and decided.
 *
 * First come, first served; what takes about 2 ms together is done in one go, then everything else of this process has its turn.
 */
export class Turns {
  private waiting: (() => void)[] = [];
  private next = 0;

  /** How many wait for theirs. */
  get waits(): number {
    return this.waiting.length - this.next;
  }

  /** Does this when its turn comes. */
  do<Result>(work: () => Result): Promise<Awaited<Result>> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) setImmediate(() => this.turn());
      this.waiting.push(() => {
        try {
          resolve(work() as Awaited<Result>);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
  }

  private turn(): void {
    const until = performance.now() + LONG_MS;
    while (this.next < this.waiting.length && performance.now() < until) this.waiting[this.next++]!();
    // what is done is let go now: under load something waits all the time
    this.waiting = this.waiting.slice(this.next);
    this.next = 0;
    if (this.waiting.length > 0) setImmediate(() => this.turn());
  }
}
