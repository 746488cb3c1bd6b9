import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { ContentIds } from './content-ids.js';
import { Held } from './held.js';
import { retrying } from '../../database/unavailable.js';

export type Labels = Readonly<Record<string, string>>;

/** A host's own words are kept under this prefix, so that they are never taken for an admin's. */
export const AGENT_PREFIX = 'agent.';

/** A set of labels as it will be stored, and the id that follows from its content. */
export interface LabelsDraft {
  readonly id: string;
  readonly labels: Labels;
}

const ids = new ContentIds(10_000);
export const toLabelsDraft = (labels: Labels): LabelsDraft => ({ id: ids.of(labels), labels });

/** Label sets: stored once, by the digest of their content. */
@Injectable()
export class LabelsStore {
  private readonly known = new Set<string>();
  private readonly held = new Held<Labels>(50_000, (labels) => Object.keys(labels).length + 1, 1_000_000);

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /** Stores these sets: looked up first, inserted only on a miss, in a transaction of its own. */
  async keep(drafts: readonly LabelsDraft[]): Promise<void> {
    const unknown = new Map(drafts.filter(({ id }) => !this.known.has(id)).map(({ id, labels }) => [id, labels]));
    if (unknown.size > 0) {
      const there = await this.db.labelSet.findMany({ where: { id: { in: [...unknown.keys()] } }, select: { id: true } });
      // in the order of their ids, as everybody: two servers that insert the same do not wait for each other in a circle
      const missing = [...unknown].filter(([id]) => !there.some((row) => row.id === id)).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const data = missing.map(([id, labels]) => ({ id, labels }));
      if (data.length > 0) await retrying(() => this.db.labelSet.createMany({ data, skipDuplicates: true }));
    }
    if (this.known.size > 100_000) this.known.clear();
    for (const id of unknown.keys()) this.known.add(id);
  }

  /** The sets with these ids. They never change, so what was read is held; what a replica has not yet is in the database itself. @param primaryAlone for ingest, which asks no replica */
  async load(ids: readonly string[], primaryAlone = false): Promise<Map<string, Labels>> {
    return this.held.load(ids, primaryAlone ? [this.db] : [this.read, this.db], async (missing, place) => {
      const rows = await place.labelSet.findMany({ where: { id: { in: [...missing] } } });
      return rows.map((row) => [row.id, row.labels as Labels]);
    });
  }

  /** Nothing is known to be stored any more: it is looked up anew. */
  forget(): void {
    this.known.clear();
  }
}

/** The authoritative ones among these labels. */
export const authoritative = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith(AGENT_PREFIX)));

/** The host's own words among these labels. */
export const ownWords = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith(AGENT_PREFIX)));
