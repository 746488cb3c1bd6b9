const SLOT_MS = 50;

/** Who is due when: numbers by the instant at which their turn comes, in steps of 50 ms. A million of them cost a number each. */
export class Wheel {
  private readonly slots = new Map<number, number[]>();
  private next: number | null = null;

  add(at: number, n: number): void {
    const slot = Math.max(Math.floor(at / SLOT_MS), this.next ?? Number.MIN_SAFE_INTEGER);
    const there = this.slots.get(slot);
    if (there === undefined) this.slots.set(slot, [n]);
    else there.push(n);
  }

  /** Takes out everybody who is due by now. */
  *take(now: number): Generator<number> {
    const until = Math.floor(now / SLOT_MS);
    if (this.next === null) {
      this.next = until;
      for (const slot of this.slots.keys()) this.next = Math.min(this.next, slot);
    }
    while (this.next <= until) {
      const due = this.slots.get(this.next) ?? [];
      this.slots.delete(this.next);
      // before the due ones are told: they may come back at once, and that is another turn
      this.next++;
      yield* due;
    }
  }
}
