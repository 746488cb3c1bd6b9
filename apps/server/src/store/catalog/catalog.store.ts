import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { CatalogSnapshot } from './catalog-snapshot.js';
import type { Revision } from './revisions.js';

/** The catalog at any of its revisions. What was read at one revision is carried over to the next. */
@Injectable()
export class CatalogStore {
  /** By the names of their revisions: the current one, and those of snapshots that are asked again. */
  private readonly snapshots = new LRUCache<string, CatalogSnapshot>({ max: 4 });

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /** The current catalog. */
  async now(): Promise<CatalogSnapshot> {
    return this.at(await this.newest(this.read));
  }

  /** The catalog at an instant. */
  async asOf(instant: Date): Promise<CatalogSnapshot> {
    const rows = await this.read.$queryRaw<Revision[]>`
      SELECT number, name
        FROM catalog_revision
       WHERE number = greatest(
               coalesce((SELECT max(revision) FROM patch_version WHERE at <= ${instant}), 0),
               coalesce((SELECT max(catalog_revision) FROM policy_revision WHERE applied_at <= ${instant}), 0),
               coalesce((SELECT max(revision) FROM patch_sighting WHERE seen_at <= ${instant}), 0),
               coalesce((SELECT max(until_revision) FROM patch_sighting WHERE until_at <= ${instant}), 0))`;
    return this.at(rows[0]!);
  }

  /**
   * The catalog at a revision that a caller has kept.
   *
   * @returns null if this database never had that revision, because an earlier one was restored
   */
  async noted(revision: Revision): Promise<CatalogSnapshot | null> {
    for (const database of new Set([this.read, this.db])) {
      const [own] = await database.$queryRaw<{ name: string }[]>`
        SELECT name FROM catalog_revision WHERE number = ${revision.number}`;
      if (own !== undefined) return own.name === revision.name ? this.at(revision) : null;
    }
    return null;
  }

  /** The catalog at this revision, which was read from this database. */
  async at(revision: Revision): Promise<CatalogSnapshot> {
    const known = this.snapshots.get(revision.name);
    if (known !== undefined) return known;
    const earlier = [...this.snapshots.values()].filter(
      (snapshot) => snapshot.revision.number < revision.number,
    );
    const [last] = earlier.toSorted((a, b) => (a.revision.number > b.revision.number ? -1 : 1));
    // a replica that does not have this revision yet would be cached without its changes
    const isBehind = this.read !== this.db && (await this.newest(this.read)).number < revision.number;
    const database = isBehind ? this.db : this.read;
    const snapshot = (await last?.next(revision, database)) ?? new CatalogSnapshot(database, revision);
    // of two concurrent questions, the snapshot of the first one stays
    const other = this.snapshots.get(revision.name);
    if (other === undefined) this.snapshots.set(revision.name, snapshot);
    return other ?? snapshot;
  }

  private async newest(database: Database): Promise<Revision> {
    const rows = await database.$queryRaw<Revision[]>`
      SELECT number, name FROM catalog_revision ORDER BY number DESC LIMIT 1`;
    return rows[0]!;
  }
}
