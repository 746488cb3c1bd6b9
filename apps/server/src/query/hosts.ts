import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { CatalogStore } from '../store/catalog/catalog.store.js';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import type { HostRow } from '../store/hosts/hosts.store.js';
import type { Scope } from '../store/access/tokens.store.js';
import { HostsStore } from '../store/hosts/hosts.store.js';
import { present } from '../store/history/as-of.js';
import { SituationsStore } from '../store/content/situations.store.js';
import { buildIdsOf } from './cohort-verdicts.js';
import { type AskedTime, catalogOf } from './snapshot.js';
import { hostView, type HostView } from './host-view.js';
import { resolvedHost } from './resolved-host.js';
import { situationView } from './situation-view.js';
import { patchesOf } from './stack-view.js';

/** Loads hosts with everything that their fields need, in a constant number of statements. */
@Injectable()
export class Hosts {
  constructor(
    private readonly hosts: HostsStore,
    private readonly situations: SituationsStore,
    private readonly catalog: CatalogStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Returns the current host; null if there is none in the scope. */
  async one(by: { readonly id: string }, scope: Scope | null): Promise<HostView | null> {
    return (await this.view(await this.hosts.find(by, 1, present(this.clock.now()), scope)))[0] ?? null;
  }

  /** @param asked the time of the rows; left out: the present */
  async view(
    rows: readonly HostRow[],
    asked: AskedTime = { asOf: present(this.clock.now()), catalog: 'NOW' },
    known?: CatalogSnapshot,
  ): Promise<HostView[]> {
    const situations = await this.situations.load([...new Set(rows.flatMap((row) => row.situationId ?? []))]);
    const view = known ?? (await catalogOf(this.catalog, asked));
    const buildIds = [...situations.values()].flatMap(buildIdsOf);
    const catalog = await view.catalog(buildIds, []);
    const patches = patchesOf(await view.find(buildIds));
    return rows.map((row) => {
      // what is shown of a stack does not depend on whether the host is suspect
      const key = { situationId: row.situationId, suspect: false };
      const host = resolvedHost(key, situations, catalog, view);
      const runs = host === null ? null : situationView(host, catalog, patches);
      return hostView(row, host, runs, this.config.intervalSeconds, asked.asOf, view);
    });
  }
}
