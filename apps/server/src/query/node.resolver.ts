import { Args, Query, Resolver } from '@nestjs/graphql';
import { CatalogStore } from '../store/catalog.store.js';
import { Prisma } from '../store/database.js';
import { FleetStore } from '../store/fleet.store.js';
import { Hosts } from './hosts.js';
import { fromId, toHostId } from './ids.js';
import { toStates } from './states.resolver.js';
import { patchView } from './views.js';

/** Answers `node`. */
@Resolver()
export class NodeResolver {
  constructor(
    private readonly hosts: Hosts,
    private readonly catalog: CatalogStore,
    private readonly fleet: FleetStore,
  ) {}

  @Query('node')
  async node(@Args('id') id: string): Promise<object | null> {
    const named = fromId(id);
    switch (named?.type) {
      case 'Host':
        return (await this.hosts.view(await this.hosts.find(Prisma.sql`h.id = ${toHostId(id)}::uuid`, 1)))[0] ?? null;
      case 'Patch':
        return (await this.catalog.rows({ buildId: named.key })).map(patchView)[0] ?? null;
      case 'State':
        return /^\d{1,20}$/.test(named.key) && named.key !== '0'
          ? (toStates(await this.fleet.states(BigInt(named.key) - 1n, 1, false)).find((state) => state.stateId === named.key) ?? null)
          : null;
      default:
        return null;
    }
  }
}
