import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { ContentIds } from './content-ids.js';
import { ContentCache, ContentTable } from './content-table.js';

export type Labels = Readonly<Record<string, string>>;

/**
 * The prefix of the labels that a host sets itself, so that they are never mistaken for an administrator's.
 */
export const AGENT_PREFIX = 'agent.';

/** A label set as it will be stored. */
export interface LabelsDraft {
  readonly id: string;
  readonly labels: Labels;
}

const ids = new ContentIds(10_000);
export const toLabelsDraft = (labels: Labels): LabelsDraft => ({ id: ids.of(labels), labels });

/** Label sets: stored once, by the digest of their content. */
@Injectable()
export class LabelsStore {
  private readonly table: ContentTable<LabelsDraft>;
  private readonly cache = new ContentCache<Labels>(
    50_000,
    1_000_000,
    (labels) => Object.keys(labels).length + 1,
  );

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {
    this.table = new ContentTable({
      find: async (ids) => this.db.labelSet.findMany({ where: { id: { in: ids } }, select: { id: true } }),
      insert: async (data) => this.db.labelSet.createMany({ data: [...data], skipDuplicates: true }),
    });
  }

  /** Stores label sets, in a transaction of their own. */
  async keep(drafts: readonly LabelsDraft[]): Promise<void> {
    await this.table.keep(drafts);
  }

  /**
   * The label sets with these ids.
   *
   * @param primaryAlone for ingest, which does not read from a replica
   */
  async load(ids: readonly string[], primaryAlone = false): Promise<Map<string, Labels>> {
    return this.cache.load(
      ids,
      primaryAlone ? [this.db] : [this.read, this.db],
      async (missing, database) => {
        const rows = await database.labelSet.findMany({ where: { id: { in: missing } } });
        return rows.map((row) => [row.id, row.labels as Labels]);
      },
    );
  }

  /** Looks everything up again, as after the database was restored. */
  forget(): void {
    this.table.forget();
  }
}

const only = (labels: Labels, isWanted: (key: string) => boolean): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([key]) => isWanted(key)));

/** The labels that an administrator set. */
export const authoritative = (labels: Labels): Labels => only(labels, (key) => !key.startsWith(AGENT_PREFIX));

/** The labels that the host set. */
export const ownWords = (labels: Labels): Labels => only(labels, (key) => key.startsWith(AGENT_PREFIX));
