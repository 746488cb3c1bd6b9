import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { RequestError } from '../errors.js';
import { CatalogStore } from '../store/catalog/catalog.store.js';
import { StatesStore } from '../store/catalog/states.store.js';
import type { QueryNodeArgs } from './generated/schema.js';
import { Hosts } from './hosts.js';
import { fromId, toHostId } from './ids.js';
import { type RequestContext, scopeOf } from './sender.js';
import { type StateView, toStates } from './states.resolver.js';
import type { HostView } from './host-view.js';
import { patchView, type PatchView } from './patch-view.js';

const MALFORMED = /^(?:Host|Patch|State):/;

/** Answers `node`. */
@Resolver()
export class NodeResolver {
  constructor(
    private readonly hosts: Hosts,
    private readonly catalog: CatalogStore,
    private readonly states: StatesStore,
  ) {}

  @Query('node')
  async node(
    @Args() { id }: QueryNodeArgs,
    @Context() context: RequestContext,
  ): Promise<HostView | PatchView | StateView | null> {
    const scope = scopeOf(context);
    const named = fromId(id);
    // one of our types with a malformed key is a mistake, not the id of another registry
    if (named === null && MALFORMED.test(Buffer.from(id, 'base64url').toString('utf8')))
      throw new RequestError(
        'BAD_USER_INPUT',
        `\`id\` is not a valid id, found ${JSON.stringify(id.slice(0, 100))}`,
        [{ pointer: '/id', detail: 'must be an id of the registry', found: id.slice(0, 100) }],
      );
    switch (named?.type) {
      case 'Host':
        return this.hosts.one({ id: toHostId(id) }, scope);
      case 'Patch':
        return (await (await this.catalog.now()).find([named.key])).map(patchView)[0] ?? null;
      case 'State':
        return /^\d{1,20}$/.test(named.key) && named.key !== '0'
          ? (toStates(await this.states.page(BigInt(named.key) - 1n, 1, false, scope)).find(
              (state) => state.stateId === named.key,
            ) ?? null)
          : null;
      default:
        return null;
    }
  }
}
