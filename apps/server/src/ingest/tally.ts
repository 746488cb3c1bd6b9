/** How often was each outcome, since the start? Plain numbers: a million hosts knock each minute, and whoever wants to know reads them now and then. */
export class Tally {
  private readonly counts = new Map<string, number>();

  /** @param usual outcomes that are told though they have not been yet */
  constructor(usual: readonly string[]) {
    for (const outcome of usual) this.counts.set(outcome, 0);
  }

  /** @param outcome one of a few words: each is remembered */
  count(outcome: string): void {
    this.counts.set(outcome, (this.counts.get(outcome) ?? 0) + 1);
  }

  entries(): Iterable<readonly [outcome: string, times: number]> {
    return this.counts;
  }
}
