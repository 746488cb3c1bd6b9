import { Injectable } from '@nestjs/common';
import { CatalogView } from './catalog-view.js';
import { Database, ReadDatabase } from './database.js';

/** How many revisions are held: today's, and those of snapshots that are asked again. */
const HELD = 4;

/** The catalog at any of its revisions. What was read of one is held in this process, and carried over to the next. */
@Injectable()
export class CatalogStore {
  private readonly held: CatalogView[] = [];

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /** The catalog as it is. */
  async now(): Promise<CatalogView> {
    return this.at(await this.newest());
  }

  /** The catalog as it was at this instant. */
  async asOf(instant: Date): Promise<CatalogView> {
    const rows = await this.read.$queryRaw<{ revision: bigint }[]>`
      SELECT greatest(coalesce((SELECT max(revision) FROM patch_version WHERE at <= ${instant}), 0), coalesce((SELECT max(revision) FROM patch_loaded WHERE seen_at <= ${instant}), 0)) AS revision`;
    return this.at(rows[0]!.revision);
  }

  /** The catalog at this revision. */
  async at(revision: bigint): Promise<CatalogView> {
    const known = this.held.find((view) => view.revision === revision);
    if (known !== undefined) return known;
    const last = this.held.filter((view) => view.revision < revision).toSorted((a, b) => (a.revision > b.revision ? -1 : 1))[0];
    // a replica that has not got this revision yet would be remembered without what it changed
    const place = this.read !== this.db && (await this.newest()) < revision ? this.db : this.read;
    const view = last === undefined ? new CatalogView(place, revision) : await last.next(revision, place);
    // of two questions at once, the first one's view is held
    const other = this.held.find((one) => one.revision === revision);
    if (other !== undefined) return other;
    this.held.unshift(view);
    this.held.length = Math.min(this.held.length, HELD);
    return view;
  }

  /** The newest revision that questions can be asked of. */
  private async newest(): Promise<bigint> {
    const rows = await this.read.$queryRaw<{ revision: bigint }[]>`SELECT revision FROM catalog`;
    return rows[0]!.revision;
  }
}
