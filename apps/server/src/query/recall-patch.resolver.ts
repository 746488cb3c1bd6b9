import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { bearerOf, requireOwner } from '../access/access.js';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { AuditStore } from '../store/access/audit.store.js';
import { PatchesStore } from '../store/catalog/patches.store.js';
import { requireReason } from './admin-input.js';
import type { MutationRecallPatchArgs } from './generated/schema.js';
import { patchView, type PatchView } from './patch-view.js';
import { type RequestContext, senderOf } from './sender.js';

/** Answers `recallPatch`. */
@Resolver()
export class RecallPatchResolver {
  constructor(
    private readonly patches: PatchesStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  @Mutation('recallPatch')
  async recallPatch(
    @Args() { buildId, reason, recalled }: MutationRecallPatchArgs,
    @Context() context: RequestContext,
  ): Promise<PatchView> {
    if (reason != null) requireReason(reason);
    const recall = recalled ?? true;
    const action = recall ? 'recall-patch' : 'unrecall-patch';
    const row = await this.audit.record(async (tx) => {
      const stored = recall ? (reason ?? null) : null;
      const key = buildId.toLowerCase();
      const result = await this.patches.recall(tx, key, recall, stored, this.clock.now());
      if (result === null)
        throw new RequestError('NOT_FOUND', `no patch has the build-id ${JSON.stringify(buildId)}`);
      requireOwner(bearerOf(context.reply.request), result.owner);
      return { result, entry: { who: senderOf(context), action, subject: buildId, detail: { reason } } };
    });
    return patchView(row);
  }
}
