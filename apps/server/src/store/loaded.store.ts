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

/** What one host's list showed. */
export interface Sighting {
  readonly kernelVersion: string;
  readonly patches: readonly SeenPatch[];
}

interface Row {
  readonly buildId: string;
  readonly kernelVersion: string;
  readonly object: string;
}

const keyOf = ({ buildId, object, kernelVersion }: Row): string => `${buildId} ${object} ${kernelVersion}`;

const rowsOf = (kernelVersion: string, patches: readonly SeenPatch[]): Row[] =>
  patches.flatMap(({ buildId, objects }) =>
    buildId === null
      ? []
      : [ON_THE_LIST, ...objects.filter(({ patched }) => patched === true).map(({ name }) => name)].map((object) => ({ buildId, kernelVersion, object })),
  );

/** Which builds have been on the list of a host with exactly which kernel, patching what: there, symbols, signature and pre_patch agreed. */
@Injectable()
export class LoadedStore {
  /** What this process has seen stored; rows of this table stay. */
  private readonly known = new Set<string>();

  constructor(private readonly db: Database) {}

  /** Keeps what was seen on hosts; what is new is one revision of the catalog, in a transaction of its own. */
  async keep(sightings: readonly Sighting[], at: Date): Promise<void> {
    const unknown = new Map<string, Row>();
    for (const { kernelVersion, patches } of sightings) {
      for (const row of rowsOf(kernelVersion, patches)) if (!this.known.has(keyOf(row))) unknown.set(keyOf(row), row);
    }
    if (unknown.size === 0) return;
    const rows = [...unknown.values()];
    const where = { buildId: { in: [...new Set(rows.map((row) => row.buildId))] }, kernelVersion: { in: [...new Set(rows.map((row) => row.kernelVersion))] } };
    const there = new Set((await this.db.patchLoaded.findMany({ where })).map(keyOf));
    const fresh = rows.filter((row) => !there.has(keyOf(row)));
    if (fresh.length > 0) await this.add(fresh, at);
    if (this.known.size > 100_000) this.known.clear();
    for (const key of unknown.keys()) this.known.add(key);
  }

  private async add(rows: readonly Row[], at: Date): Promise<void> {
    await this.db.$transaction(async (tx) => {
      const revision = await nextRevision(tx, at);
      await tx.$executeRaw`
        INSERT INTO patch_loaded (build_id, kernel_version, object, revision, seen_at)
        SELECT r.*, ${revision}, ${at} FROM unnest(${column(rows, 'text', (row) => row.buildId)}, ${column(rows, 'text', (row) => row.kernelVersion)}, ${column(rows, 'text', (row) => row.object)}) AS r
        ON CONFLICT DO NOTHING`;
    });
  }

  /** Nothing is known to be stored any more: it is looked up anew. */
  forget(): void {
    this.known.clear();
  }
}
