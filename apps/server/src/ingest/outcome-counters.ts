/** Counts messages by outcome since the start. Plain numbers, which a scrape of the metrics reads. */
export class OutcomeCounters {
  private readonly counts = new Map<string, number>();

  /** @param expected outcomes that are listed with 0 before they first occur */
  constructor(expected: readonly string[]) {
    for (const outcome of expected) this.counts.set(outcome, 0);
  }

  /** @param outcome a constant or an error code; each value takes memory */
  count(outcome: string): void {
    this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1);
  }

  entries(): Iterable<readonly [outcome: string, count: number]> {
    return this.counts;
  }
}
