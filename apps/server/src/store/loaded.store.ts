import { Injectable } from '@nestjs/common';
import { ON_THE_LIST } from './catalog-view.js';
import { column } from './columns.js';
import { Database } from './database.js';
import { nextRevision } from './revisions.js';

/** A patch on some host's list, and which objects it patched there. */
export interface SeenPatch {
  readonly buildId: string | null;
  readonly objects: readonly { readonly name: string; readonly patched: boolean | null }[];
}

/** Which builds have been on the list of a host with exactly which kernel, patching what: there, symbols, signature and pre_patch agreed. */
@Injectable()
export class LoadedStore {
  /** What this process has seen stored; rows of this table stay. */
  private readonly known = new Set<string>();

  constructor(private readonly db: Database) {}

  /** Keeps what was seen on one host; what is new is a revision of the catalog, in a transaction of its own. */
  async keep(kernelVersion: string, patches: readonly SeenPatch[], at: Date): Promise<void> {
    const rows = patches.flatMap(({ buildId, objects }) =>
      buildId === null
        ? []
        : [ON_THE_LIST, ...objects.filter(({ patched }) => patched === true).map(({ name }) => name)].map((object) => ({ buildId, kernelVersion, object })),
    );
    const key = (row: (typeof rows)[number]) => `${row.buildId} ${row.object} ${row.kernelVersion}`;
    const unknown = rows.filter((row) => !this.known.has(key(row)));
    if (unknown.length === 0) return;
    const stored = await this.db.patchLoaded.findMany({ where: { buildId: { in: unknown.map((row) => row.buildId) }, kernelVersion } });
    const there = new Set(stored.map(key));
    const fresh = unknown.filter((row) => !there.has(key(row)));
    if (fresh.length > 0) await this.add(fresh, at);
    if (this.known.size > 100_000) this.known.clear();
    for (const row of unknown) this.known.add(key(row));
  }

  private async add(rows: readonly { readonly buildId: string; readonly kernelVersion: string; readonly object: string }[], at: Date): Promise<void> {
    await this.db.$transaction(async (tx) => {
      const revision = await nextRevision(tx, at);
      await tx.$executeRaw`
        INSERT INTO patch_loaded (build_id, kernel_version, object, revision, seen_at)
        SELECT r.*, ${revision}, ${at} FROM unnest(${column(rows, 'text', (row) => row.buildId)}, ${column(rows, 'text', (row) => row.kernelVersion)}, ${column(rows, 'text', (row) => row.object)}) AS r
        ON CONFLICT DO NOTHING`;
    });
  }
}
