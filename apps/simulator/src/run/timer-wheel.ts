const SLOT_MS = 50;

/**
 * Timers with a resolution of 50 ms. Each timer is one number, so that a million of them need little memory.
 */
export class TimerWheel {
  private readonly slots = new Map<number, number[]>();
  private next: number | null = null;

  add(at: number, n: number): void {
    const slot = Math.max(Math.floor(at / SLOT_MS), this.next ?? Number.MIN_SAFE_INTEGER);
    const numbers = this.slots.get(slot);
    if (numbers === undefined) this.slots.set(slot, [n]);
    else numbers.push(n);
  }

  /** Removes and yields the numbers that are due. */
  *take(now: number): Generator<number> {
    const until = Math.floor(now / SLOT_MS);
    if (this.next === null) {
      this.next = until;
      for (const slot of this.slots.keys()) this.next = Math.min(this.next, slot);
    }
    while (this.next <= until) {
      const due = this.slots.get(this.next) ?? [];
      this.slots.delete(this.next);
      // first, so that a number that the caller adds again gets a later slot
      this.next++;
      yield* due;
    }
  }
}
