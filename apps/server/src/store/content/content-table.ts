import { LRUCache } from 'lru-cache';
import { boundedCache } from '../../bounded-cache.js';
import type { Database } from '../../database/database.js';
import { retrying } from '../../database/unavailable.js';

/** A row as it will be stored; the id is the digest of its content. */
interface Draft {
  readonly id: string;
}

interface Table<T extends Draft> {
  /** Those of these ids that are stored. */
  readonly find: (ids: string[]) => Promise<readonly { readonly id: string }[]>;
  /** Inserts rows, and skips those that another server has inserted. */
  readonly insert: (drafts: readonly T[]) => Promise<unknown>;
}

/** A table of rows that never change, each stored once under the digest of its content. */
export class ContentTable<T extends Draft> {
  /** What this process knows to be stored. A row is not deleted while a host refers to it. */
  private readonly stored = boundedCache<true>(100_000);

  constructor(private readonly table: Table<T>) {}

  /** Stores rows. Unknown ones are looked up, and inserted only if they are missing. */
  async keep(drafts: readonly T[]): Promise<void> {
    const unknown = new Map(
      drafts.filter(({ id }) => !this.stored.has(id)).map((draft) => [draft.id, draft]),
    );
    if (unknown.size > 0) await retrying(async () => this.insertMissing(unknown));
    for (const { id } of drafts) this.stored.set(id, true);
  }

  private async insertMissing(drafts: ReadonlyMap<string, T>): Promise<void> {
    const found = new Set((await this.table.find([...drafts.keys()])).map(({ id }) => id));
    const missing = [...drafts.values()].filter(({ id }) => !found.has(id));
    // all servers insert in the order of ids, so that two of them do not deadlock
    if (missing.length > 0) await this.table.insert(missing.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  }

  /** Looks everything up again, as after the database was restored. */
  forget(): void {
    this.stored.clear();
  }
}

/** Contents that were read, by id. They never change. */
export class ContentCache<Content extends object> {
  private readonly contents: LRUCache<string, Content>;

  /** @param maxSize upper bound of the sum of the sizes of all contents */
  constructor(max: number, maxSize: number, sizeCalculation: (content: Content) => number) {
    // a share of the size for each content also bounds their number: `max` would reserve the memory of all
    const share = maxSize / max;
    this.contents = new LRUCache({
      maxSize,
      sizeCalculation: (content) => Math.ceil(Math.max(share, sizeCalculation(content))),
    });
  }

  /**
   * The contents with these ids; one that is stored nowhere has no entry.
   *
   * @param databases where to look, one after the other, for what is still missing
   */
  async load(
    ids: readonly string[],
    databases: readonly Database[],
    read: (
      missing: string[],
      database: Database,
    ) => Promise<readonly (readonly [id: string, content: Content])[]>,
  ): Promise<Map<string, Content>> {
    const found = new Map<string, Content>();
    const isMissing = (id: string): boolean => !found.has(id);
    for (const id of ids) {
      const content = this.contents.get(id);
      if (content !== undefined) found.set(id, content);
    }
    for (const database of new Set(databases)) {
      const missing = ids.filter(isMissing);
      if (missing.length === 0) break;
      for (const [id, content] of await read(missing, database)) {
        found.set(id, content);
        this.contents.set(id, content);
      }
    }
    return found;
  }
}
