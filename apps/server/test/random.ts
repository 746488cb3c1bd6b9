/** A random generator (mulberry32) with a seed, so that a failed run can be repeated. */
export class Random {
  constructor(private state: number) {}

  /** From 0 to below 1. */
  next(): number {
    return this.draw() / 2 ** 32;
  }

  /** From 0 to below n. */
  below(n: number): number {
    return this.draw() % n;
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  happens(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(things: readonly T[]): T {
    return things[this.below(things.length)]!;
  }

  shuffled<T>(things: readonly T[]): T[] {
    return things
      .map((thing) => ({ thing, place: this.below(2 ** 30) }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ thing }) => thing);
  }

  private draw(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
}
