import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { HostsStore } from '../store/hosts/hosts.store.js';
import type { MutationRetireHostArgs } from './generated/schema.js';
import { HostChanges } from './host-changes.js';
import type { HostView } from './host-view.js';
import { toHostId } from './ids.js';
import { type RequestContext, scopeOf, senderOf } from './sender.js';

/** Answers `retireHost`. */
@Resolver()
export class RetireHostResolver {
  constructor(
    private readonly hosts: HostsStore,
    private readonly changes: HostChanges,
  ) {}

  @Mutation('retireHost')
  async retireHost(
    @Args() { id: given, reason, compromised: flag }: MutationRetireHostArgs,
    @Context() context: RequestContext,
  ): Promise<HostView> {
    const id = toHostId(given);
    const by = senderOf(context);
    const scope = scopeOf(context);
    const compromised = flag ?? false;
    return this.changes.make({
      id,
      action: 'retire-host',
      detail: { reason, ...(compromised && { compromised }) },
      by,
      scope,
      store: (tx, at) => this.hosts.retire(tx, id, by, compromised, at),
    });
  }
}
