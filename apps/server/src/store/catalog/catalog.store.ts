import { Injectable } from '@nestjs/common';
import { CatalogSnapshot } from './catalog-snapshot.js';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import type { Revision } from './revisions.js';

/** How many revisions are held: today's, and those of snapshots that are asked again. */
const HELD = 4;

/** The catalog at any of its revisions. What was read of one is held in this process, and carried over to the next. */
@Injectable()
export class CatalogStore {
  private readonly held: CatalogSnapshot[] = [];

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /** The catalog as it is. */
  async now(): Promise<CatalogSnapshot> {
    return this.at(await this.newest(this.read));
  }

  /** The catalog as it was at this instant. */
  async asOf(instant: Date): Promise<CatalogSnapshot> {
    const rows = await this.read.$queryRaw<Revision[]>`
      SELECT number, name FROM catalog_revision
       WHERE number = greatest(coalesce((SELECT max(revision) FROM patch_version WHERE at <= ${instant}), 0), coalesce((SELECT max(revision) FROM patch_sighting WHERE seen_at <= ${instant}), 0),
                               coalesce((SELECT max(until_revision) FROM patch_sighting WHERE until_at <= ${instant}), 0))`;
    return this.at(rows[0]!);
  }

  /**
   * The catalog at a revision that somebody has noted.
   *
   * @returns null where this database has never come to that revision: it is an earlier one that was restored
   */
  async noted(revision: Revision): Promise<CatalogSnapshot | null> {
    for (const place of new Set([this.read, this.db])) {
      const [own] = await place.$queryRaw<{ name: string }[]>`SELECT name FROM catalog_revision WHERE number = ${revision.number}`;
      if (own !== undefined) return own.name === revision.name ? this.at(revision) : null;
    }
    return null;
  }

  /** The catalog at this revision, which was read from this database. */
  async at(revision: Revision): Promise<CatalogSnapshot> {
    const known = this.held.find((view) => view.revision.name === revision.name);
    if (known !== undefined) return known;
    const earlier = this.held.filter((view) => view.revision.number < revision.number);
    const last = earlier.toSorted((a, b) => (a.revision.number > b.revision.number ? -1 : 1))[0];
    // a replica that has not got this revision yet would be remembered without what it changed
    const place = this.read !== this.db && (await this.newest(this.read)).number < revision.number ? this.db : this.read;
    const view = (await last?.next(revision, place)) ?? new CatalogSnapshot(place, revision);
    // of two questions at once, the first one's view is held
    const other = this.held.find((one) => one.revision.name === revision.name);
    if (other !== undefined) return other;
    this.held.unshift(view);
    this.held.length = Math.min(this.held.length, HELD);
    return view;
  }

  /** The newest revision that is known there. */
  private async newest(place: Database): Promise<Revision> {
    const rows = await place.$queryRaw<Revision[]>`SELECT number, name FROM catalog_revision ORDER BY number DESC LIMIT 1`;
    return rows[0]!;
  }
}
