/** A reader that is too slow for what it watches. */
export class TooSlow extends Error {
  /** @param limit what it exceeds, such as "100 events behind" */
  constructor(limit: string) {
    super(`the reader is more than ${limit}: ask for less, or read faster`);
  }
}

/** Events for one reader. Each is read once, in order. */
export class EventQueue<Event> implements AsyncIterableIterator<Event> {
  private readonly events: Event[] = [];
  private waiting: { resolve: (result: IteratorResult<Event>) => void; reject: (error: Error) => void }[] =
    [];
  private failure: Error | null = null;
  private ended = false;

  /**
   * @param maxBehind maximum number of events that wait for the reader
   * @param closed called once, when the reader leaves or was dropped
   */
  constructor(
    private readonly maxBehind: number,
    private readonly closed: () => void,
  ) {}

  push(event: Event): void {
    if (this.ended) return;
    const reader = this.waiting.shift();
    if (reader !== undefined) reader.resolve({ value: event, done: false });
    else if (this.events.push(event) > this.maxBehind)
      this.fail(new TooSlow(`${this.maxBehind} events behind`));
  }

  /** Ends it with an error, which the reader gets instead of the events that it has not read. */
  fail(error: Error): void {
    if (this.ended) return;
    this.failure = error;
    this.events.length = 0;
    const [first, ...others] = this.waiting;
    this.end();
    if (first === undefined) return;
    this.failure = null;
    first.reject(error);
    for (const { resolve } of others) resolve({ value: undefined, done: true });
  }

  async next(): Promise<IteratorResult<Event>> {
    const event = this.events.shift();
    if (event !== undefined) return { value: event, done: false };
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
    if (this.ended) return { value: undefined, done: true };
    return new Promise((resolve, reject) => void this.waiting.push({ resolve, reject }));
  }

  async return(): Promise<IteratorResult<Event>> {
    const { waiting } = this;
    this.end();
    for (const { resolve } of waiting) resolve({ value: undefined, done: true });
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.waiting = [];
    this.closed();
  }
}
