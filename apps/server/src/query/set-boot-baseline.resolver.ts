import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { RequestError } from '../errors.js';
import { SituationsStore, toSituationDraft } from '../store/content/situations.store.js';
import { HostsStore } from '../store/hosts/hosts.store.js';
import { requireReason } from './admin-input.js';
import type { MutationSetBootBaselineArgs } from './generated/schema.js';
import { HostChanges } from './host-changes.js';
import type { HostView } from './host-view.js';
import { toHostId } from './ids.js';
import { type RequestContext, scopeOf, senderOf } from './sender.js';

/** Answers `setBootBaseline`. */
@Resolver()
export class SetBootBaselineResolver {
  constructor(
    private readonly hosts: HostsStore,
    private readonly situations: SituationsStore,
    private readonly changes: HostChanges,
  ) {}

  @Mutation('setBootBaseline')
  async setBootBaseline(
    @Args() { id: given, bootId, reason }: MutationSetBootBaselineArgs,
    @Context() context: RequestContext,
  ): Promise<HostView> {
    const id = toHostId(given);
    const by = senderOf(context);
    const scope = scopeOf(context);
    const detail = { reason: requireReason(reason), bootId: bootId.toLowerCase() };
    return this.changes.decideAndMake(id, scope, `the host ${id} reported`, async ({ row }) => {
      const { situationId } = row;
      if (situationId === null || row.bootId !== detail.bootId)
        throw new RequestError(
          'BAD_USER_INPUT',
          `the host ${id} runs boot ${row.bootId ?? '(it has not reported)'}, not ${bootId}`,
          [{ pointer: '/bootId', detail: 'must be the boot id of the last report', found: bootId }],
        );
      const situation = (await this.situations.load([situationId])).get(situationId)!;
      const draft = toSituationDraft({ ...situation, bootHistory: 'KNOWN' });
      await this.situations.keep([draft]);
      return {
        id,
        action: 'set-boot-baseline',
        detail,
        by,
        scope,
        store: (tx, at) => this.hosts.changeSituation(tx, id, situationId, draft.id, at),
      };
    });
  }
}
