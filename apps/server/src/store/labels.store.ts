import { Injectable } from '@nestjs/common';
import { Database } from './database.js';
import { contentId } from './digests.js';

export type Labels = Readonly<Record<string, string>>;

/** A host's own words are kept under this prefix, so that they are never taken for an admin's. */
export const AGENT_PREFIX = 'agent.';

/** Label sets: stored once, by the digest of their content. */
@Injectable()
export class LabelsStore {
  private readonly known = new Set<string>();

  constructor(private readonly db: Database) {}

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

  async load(ids: readonly string[]): Promise<Map<string, Labels>> {
    const rows = await this.db.labelSet.findMany({ where: { id: { in: [...ids] } } });
    return new Map(rows.map((row) => [row.id, row.labels as Labels]));
  }
}

/** The authoritative ones among these labels. */
export const authoritative = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith(AGENT_PREFIX)));

/** The host's own words among these labels. */
export const ownWords = (labels: Labels): Labels => Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith(AGENT_PREFIX)));
