import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { HostsStore } from '../store/hosts/hosts.store.js';
import { requireReason } from './admin-input.js';
import type { MutationReleaseHostArgs, MutationResetHostSequenceArgs } from './generated/schema.js';
import { HostChanges } from './host-changes.js';
import type { HostView } from './host-view.js';
import { toHostId } from './ids.js';
import { type RequestContext, scopeOf, senderOf } from './sender.js';

/** Answers `releaseHost` and `resetHostSequence`. */
@Resolver()
export class ReleaseHostResolver {
  constructor(
    private readonly hosts: HostsStore,
    private readonly changes: HostChanges,
  ) {}

  @Mutation('releaseHost')
  async releaseHost(
    @Args() { id: given, reason }: MutationReleaseHostArgs,
    @Context() context: RequestContext,
  ): Promise<HostView> {
    const id = toHostId(given);
    return this.changes.make({
      id,
      action: 'release-host',
      detail: { reason: requireReason(reason) },
      by: senderOf(context),
      scope: scopeOf(context),
      store: (tx, at) => this.hosts.release(tx, id, at),
    });
  }

  @Mutation('resetHostSequence')
  async resetHostSequence(
    @Args() { id: given, reason }: MutationResetHostSequenceArgs,
    @Context() context: RequestContext,
  ): Promise<HostView> {
    const id = toHostId(given);
    return this.changes.make({
      id,
      action: 'reset-host-sequence',
      detail: { reason: requireReason(reason) },
      by: senderOf(context),
      scope: scopeOf(context),
      store: (tx, at) => this.hosts.resetSequence(tx, id, at),
    });
  }
}
