import { setImmediate as nextTurn } from 'node:timers/promises';
import { overloaded } from '../errors.js';
import { isUnavailable } from '../database/unavailable.js';
import { TimeSlices } from './time-slices.js';

/** A message that waits for its batch. */
interface Waiting<Item, Result> {
  readonly read: () => Item;
  /** Set as soon as it was read. */
  item?: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface BatcherOptions {
  /** Maximum number of items in a batch. */
  readonly batchSize: number;
  /** How long the first item of a batch waits for others. */
  readonly batchWaitMs: number;
  /** Maximum number of batches that are stored at the same time. */
  readonly parallelBatches: number;
  /** Minimum number of waiting items for a batch that starts while another one is stored. */
  readonly parallelFrom: number;
  /** How long items are read before the event loop has a turn. */
  readonly timeSliceMs: number;
  /** Answers in one turn of the event loop. */
  readonly answersPerTurn: number;
  /** Maximum number of waiting items; more are refused with BUSY. */
  readonly queue: number;
}

/**
 * Bounds the work for a batch that fails. Each halving takes two attempts, and several items may be the
 * cause.
 */
const MAX_ATTEMPTS = 50;

/**
 * Collects items for a few milliseconds, then reads and stores them together.
 *
 * Items are read in the order in which they were added, in time slices, one batch at a time. Two items with
 * the same key (two messages of one host) are never in the same batch: the later one is stored after the
 * earlier one.
 */
export class Batcher<Item, Result> {
  private readonly waiting: Waiting<Item, Result>[] = [];
  private readonly keysInProgress = new Set<string>();
  private running = 0;
  private filling = false;
  private timer: NodeJS.Timeout | null = null;
  private observer: (items: number, seconds: number) => void = () => {};

  /** @param store returns the result or the error of each item, in the order of the batch */
  constructor(
    private readonly store: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>,
    private readonly keyOf: (item: Item) => string,
    private readonly options: BatcherOptions,
  ) {}

  /** How many items wait, and how many batches are being stored. */
  get load(): { readonly waiting: number; readonly running: number } {
    return { waiting: this.waiting.length, running: this.running };
  }

  /** Calls the observer after each batch, with its size and duration. */
  watch(observer: (items: number, seconds: number) => void): void {
    this.observer = observer;
  }

  /**
   * Reads an item and stores it with its batch.
   *
   * @param read called once, when the batch begins; what it throws is the error of this item
   * @throws RequestError BUSY if too many items wait; nothing was done with this one
   */
  async add(read: () => Item): Promise<Result> {
    if (this.waiting.length >= this.options.queue) throw overloaded();
    return new Promise<Result>((resolve, reject) => {
      this.waiting.push({ read, resolve, reject });
      if (this.waiting.length >= this.options.batchSize) void this.start();
      else this.timer ??= setTimeout(() => void this.start(), this.options.batchWaitMs);
    });
  }

  /** Starts batches until the maximum runs, or no item is ready. */
  private async start(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.filling) return;
    this.filling = true;
    const { parallelBatches, parallelFrom } = this.options;
    while (this.running < parallelBatches && this.waiting.length >= (this.running === 0 ? 1 : parallelFrom)) {
      const batch = await this.fill();
      if (batch.length > 0) void this.run(batch);
      // all keys are in progress: the end of a running batch starts the next one
      else if (this.running > 0) break;
    }
    this.filling = false;
  }

  /** Reads the next batch. Items whose key is in progress keep their places in the queue. */
  private async fill(): Promise<Waiting<Item, Result>[]> {
    const batch: Waiting<Item, Result>[] = [];
    const heldBack: Waiting<Item, Result>[] = [];
    const heldKeys = new Set<string>();
    const slices = new TimeSlices(this.options.timeSliceMs);
    let at = 0;
    for (; at < this.waiting.length && batch.length < this.options.batchSize; at++) {
      const turn = slices.next();
      if (turn !== undefined) await turn;
      const one = this.waiting[at]!;
      try {
        const key = this.keyOf((one.item ??= one.read()));
        if (this.keysInProgress.has(key) || heldKeys.has(key)) {
          heldKeys.add(key);
          heldBack.push(one);
        } else {
          this.keysInProgress.add(key);
          batch.push(one);
        }
      } catch (error) {
        one.reject(error);
      }
    }
    this.waiting.splice(0, at, ...heldBack);
    return batch;
  }

  private async run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    this.running += 1;
    const start = performance.now();
    const items = batch.map(({ item }) => item!);
    const results = await this.attempt(items, { left: MAX_ATTEMPTS });
    for (const item of items) this.keysInProgress.delete(this.keyOf(item));
    this.running -= 1;
    this.observer(batch.length, (performance.now() - start) / 1000);
    if (this.waiting.length > 0) void this.start();
    for (const [i, { resolve, reject }] of batch.entries()) {
      const result = results[i];
      if (result instanceof Error) reject(result);
      else resolve(result as Result);
      if ((i + 1) % this.options.answersPerTurn === 0) await nextTurn();
    }
  }

  /**
   * Stores items together. If that fails, stores each half by itself, so that an error hits the item that
   * caused it.
   */
  private async attempt(
    items: readonly Item[],
    attempts: { left: number },
  ): Promise<readonly (Result | Error)[]> {
    attempts.left -= 1;
    try {
      return await this.store(items);
    } catch (error) {
      // without a database each half would fail in the same way
      if (items.length === 1 || attempts.left <= 0 || isUnavailable(error))
        return items.map(() => error as Error);
      const half = Math.ceil(items.length / 2);
      return [
        ...(await this.attempt(items.slice(0, half), attempts)),
        ...(await this.attempt(items.slice(half), attempts)),
      ];
    }
  }
}
