import { Injectable } from '@nestjs/common';
import { Database } from './database.js';

/** A patch on some host's list, and which objects it patched there. */
export interface SeenPatch {
  readonly buildId: string | null;
  readonly objects: readonly { readonly name: string; readonly patched: boolean | null }[];
}

/** That it was on the list at all: what a kernel without the attribute `patched` can tell. */
const ON_THE_LIST = '';

/** Which builds have been on the list of a host with exactly which kernel, patching what: there, symbols, signature and pre_patch agreed. */
@Injectable()
export class LoadedStore {
  /** What this process has seen stored; rows of this table stay. */
  private readonly known = new Set<string>();

  constructor(private readonly db: Database) {}

  /** Keeps what was seen on one host; inserts only what is new, in a transaction of its own. */
  async keep(kernelVersion: string, patches: readonly SeenPatch[]): Promise<void> {
    const rows = patches.flatMap(({ buildId, objects }) =>
      buildId === null
        ? []
        : [ON_THE_LIST, ...objects.filter(({ patched }) => patched === true).map(({ name }) => name)].map((object) => ({ buildId, kernelVersion, object })),
    );
    const key = (row: (typeof rows)[number]) => `${row.buildId} ${row.object} ${row.kernelVersion}`;
    const fresh = rows.filter((row) => !this.known.has(key(row)));
    if (fresh.length === 0) return;
    await this.db.patchLoaded.createMany({ data: fresh, skipDuplicates: true });
    if (this.known.size > 100_000) this.known.clear();
    for (const row of fresh) this.known.add(key(row));
  }

  /** What has been seen of these builds. */
  async load(
    buildIds: readonly string[],
  ): Promise<{ hasLoaded(buildId: string, kernelVersion: string): boolean; hasPatched(buildId: string, kernelVersion: string, object: string): boolean }> {
    const rows = await this.db.patchLoaded.findMany({ where: { buildId: { in: [...buildIds] } } });
    const seen = new Set(rows.map((row) => `${row.buildId} ${row.object} ${row.kernelVersion}`));
    const hasPatched = (buildId: string, kernelVersion: string, object: string) => seen.has(`${buildId} ${object} ${kernelVersion}`);
    return { hasPatched, hasLoaded: (buildId, kernelVersion) => hasPatched(buildId, kernelVersion, ON_THE_LIST) };
  }
}
