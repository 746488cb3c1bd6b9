import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { EnrolmentAdmin } from '../access/enrolment-admin.js';
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
    private readonly enrolments: EnrolmentAdmin,
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
    const host = await this.changes.make({
      id,
      action: 'retire-host',
      detail: { reason, ...(compromised && { compromised }) },
      by,
      scope,
      store: async (tx, at) => {
        const revoked = compromised && (await this.enrolments.revokeCompromised(tx, id, by, at));
        const result = await this.hosts.retire(tx, id, by, compromised, at);
        return revoked && result === 'UNCHANGED' ? 'CHANGED' : result;
      },
    });
    if (compromised) await this.enrolments.refresh();
    return host;
  }
}
