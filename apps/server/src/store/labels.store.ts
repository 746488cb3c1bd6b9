import { Injectable } from '@nestjs/common';
import { Database, ReadDatabase } from './database.js';
import { contentId } from './digests.js';
import { Held } from './held.js';

export type Labels = Readonly<Record<string, string>>;

/** A host's own words are kept under this prefix, so that they are never taken for an admin's. */
export const AGENT_PREFIX = 'agent.';

/** Label sets: stored once, by the digest of their content. */
@Injectable()
export class LabelsStore {
  private readonly known = new Set<string>();
  private readonly held = new Held<Labels>(50_000);

  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /** Under which id is this set stored? Looked up first, inserted only on a miss, in a transaction of its own. */
  async keep(labels: Labels): Promise<string> {
    const id = contentId(labels);
    if (this.known.has(id)) return id;
    if ((await this.db.labelSet.findUnique({ where: { id }, select: { id: true } })) === null)
      await this.db.labelSet.createMany({ data: [{ id, labels }], skipDuplicates: true });
    if (this.known.size > 100_000) this.known.clear();
    this.known.add(id);
    return id;
  }

  /** The sets with these ids. They never change, so what was read is held; what a replica has not yet is in the database itself. */
  async load(ids: readonly string[]): Promise<Map<string, Labels>> {
    return this.held.load(ids, [this.read, this.db], async (missing, place) => {
      const rows = await place.labelSet.findMany({ where: { id: { in: [...missing] } } });
      return rows.map((row) => [row.id, row.labels as Labels]);
    });
  }
}

/** The authoritative ones among these labels. */
export const authoritative = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith(AGENT_PREFIX)));

/** The host's own words among these labels. */
export const ownWords = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith(AGENT_PREFIX)));
