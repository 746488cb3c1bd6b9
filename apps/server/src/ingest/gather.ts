import { setImmediate as nextTurn } from 'node:timers/promises';
import { RequestError } from '../errors.js';
import { isUnavailable } from '../database/unavailable.js';

interface Waiting<In, Out> {
  readonly item: In;
  readonly resolve: (out: Out) => void;
  readonly reject: (error: unknown) => void;
}

export interface Limits {
  /** How many go as one. */
  readonly size: number;
  /** How long the first of a batch waits for others, in milliseconds. */
  readonly waitMs: number;
  /** How many batches are under way at once. */
  readonly parallel: number;
  /** So many have to wait for a batch that begins beside another one; fewer go when that is done. */
  readonly beside: number;
  /** So many are answered in one turn of the event loop: others come in between, and new connections are taken. */
  readonly answered: number;
  /** How many may wait; beyond that the sender is told to come back. */
  readonly queue: number;
}

/** So often, or a little more, is what fails of one batch tried in smaller parts: twice for each halving, and more than one item may be to blame. */
const TRIES = 50;

/** Two at once: while PostgreSQL stores one batch, the next is decided. With more of them, each is smaller, and what a batch costs is shared by fewer. */
export const INGEST_LIMITS: Limits = { size: 500, waitMs: 3, parallel: 2, beside: 1, answered: 16, queue: 5000 };

/** Nothing was done with a document, and it is to be sent again. */
export const busy = (): RequestError => new RequestError('BUSY', 'too many documents wait to be stored; send this one again in a few seconds');

/**
 * Gathers what comes within a few milliseconds and does it as one. Each caller is answered after its own batch is done.
 *
 * Two items with one key (two documents of one host) never share a batch, and the later one goes after the earlier one is done.
 */
export class Gather<In, Out> {
  private readonly waiting: Waiting<In, Out>[] = [];
  private readonly busy = new Set<string>();
  private running = 0;
  private told: (documents: number, seconds: number) => void = () => {};
  private timer: NodeJS.Timeout | null = null;

  /** @param work gives a result for each item of a batch, in its order: what becomes of the item, or the error of that item alone */
  constructor(
    private readonly work: (items: readonly In[]) => Promise<readonly (Out | Error)[]>,
    private readonly keyOf: (item: In) => string,
    private readonly limits: Limits,
  ) {}

  /** How many wait, and how many batches are under way. */
  get load(): { readonly waiting: number; readonly running: number } {
    return { waiting: this.waiting.length, running: this.running };
  }

  /** From now on tells of each batch that is over how many were in it, and how long it took. */
  watch(told: (documents: number, seconds: number) => void): void {
    this.told = told;
  }

  /** @throws RequestError BUSY where too many wait already: nothing was done with the item */
  async add(item: In): Promise<Out> {
    if (this.waiting.length >= this.limits.queue) throw busy();
    return new Promise<Out>((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      if (this.waiting.length >= this.limits.size) this.start();
      else this.timer ??= setTimeout(() => this.start(), this.limits.waitMs);
    });
  }

  /** Starts as many batches as may run. */
  private start(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    while (this.running < this.limits.parallel && (this.running === 0 || this.waiting.length >= this.limits.beside)) {
      const batch = this.take();
      if (batch.length === 0) return;
      void this.run(batch);
    }
  }

  /** The next batch: the oldest first, one for each key, and none whose key is under way. */
  private take(): Waiting<In, Out>[] {
    const batch: Waiting<In, Out>[] = [];
    const later: Waiting<In, Out>[] = [];
    for (const one of this.waiting.splice(0)) {
      const key = this.keyOf(one.item);
      if (batch.length < this.limits.size && !this.busy.has(key)) {
        this.busy.add(key);
        batch.push(one);
      } else later.push(one);
    }
    this.waiting.push(...later);
    return batch;
  }

  private async run(batch: readonly Waiting<In, Out>[]): Promise<void> {
    this.running += 1;
    const begun = performance.now();
    const results = await this.attempt(
      batch.map(({ item }) => item),
      { left: TRIES },
    );
    for (const { item } of batch) this.busy.delete(this.keyOf(item));
    this.running -= 1;
    this.told(batch.length, (performance.now() - begun) / 1000);
    if (this.waiting.length > 0) this.start();
    for (const [i, { resolve, reject }] of batch.entries()) {
      const result = results[i];
      if (result instanceof Error) reject(result);
      else resolve(result as Out);
      if ((i + 1) % this.limits.answered === 0) await nextTurn();
    }
  }

  /**
   * Does these as one. Where that fails, each half is done for itself, so that what one item breaks is that item's error alone; but not where the database is away.
   *
   * @returns what became of each, in their order
   */
  private async attempt(items: readonly In[], tries: { left: number }): Promise<readonly (Out | Error)[]> {
    tries.left -= 1;
    try {
      return await this.work(items);
    } catch (error) {
      if (items.length === 1 || tries.left <= 0 || isUnavailable(error)) return items.map(() => error as Error);
      const half = Math.ceil(items.length / 2);
      return [...(await this.attempt(items.slice(0, half), tries)), ...(await this.attempt(items.slice(half), tries))];
    }
  }
}
