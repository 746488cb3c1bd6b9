import { INLINE_LIMIT } from '../limits.js';
import type { Background } from './background.js';
import { fromRefusal, readItem, type ReadItem } from './jobs.js';
import { type Documents, type Kind, readBatch, readDocument } from './read.js';
import { Turns } from './turns.js';

/** A document of a batch that is ready to be stored. @throws RequestError with what is wrong with it */
export type Ready<K extends Kind> = () => Documents[K];

/** Reads bodies: small ones between other work on the event loop, large ones in the worker thread. */
export class Reader<K extends Kind> {
  private readonly turns = new Turns();

  constructor(
    private readonly kind: K,
    private readonly background: Background,
  ) {}

  /** How many bodies wait to be read here. */
  get waits(): number {
    return this.turns.waits;
  }

  /** @throws RequestError */
  async one(bytes: Uint8Array): Promise<Documents[K]> {
    if (bytes.length <= INLINE_LIMIT) return this.turns.do(() => readDocument(this.kind, bytes)) as Promise<Documents[K]>;
    return (await this.background.run('document', { kind: this.kind, bytes })) as Documents[K];
  }

  /** @throws RequestError where the whole is no batch */
  async batch(bytes: Uint8Array): Promise<Ready<K>[]> {
    if (bytes.length <= INLINE_LIMIT) {
      const read = await this.turns.do(() => readBatch(this.kind, bytes));
      const items = await Promise.all(read.map((one) => this.turns.do(() => readItem(one))));
      return (items as ReadItem<K>[]).map(ready);
    }
    return ((await this.background.run('batch', { kind: this.kind, bytes })) as ReadItem<K>[]).map(ready);
  }
}

const ready =
  <K extends Kind>(item: ReadItem<K>): Ready<K> =>
  () => {
    if ('refusal' in item) throw fromRefusal(item.refusal);
    return item.document;
  };
