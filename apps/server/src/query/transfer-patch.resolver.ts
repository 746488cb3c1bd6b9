import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import type { AuditEntry } from '../store/access/audit-chain.js';
import { AuditStore } from '../store/access/audit.store.js';
import { PatchesStore } from '../store/catalog/patches.store.js';
import { requireName, requireReason } from './admin-input.js';
import type { MutationTransferPatchArgs } from './generated/schema.js';
import { patchView, type PatchView } from './patch-view.js';
import { type RequestContext, senderOf } from './sender.js';

/** Answers `transferPatch`. */
@Resolver()
export class TransferPatchResolver {
  constructor(
    private readonly patches: PatchesStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  @Mutation('transferPatch')
  async transferPatch(
    @Args() { buildId: given, owner, reason }: MutationTransferPatchArgs,
    @Context() context: RequestContext,
  ): Promise<PatchView> {
    requireName('owner', owner);
    requireReason(reason);
    const buildId = given.toLowerCase();
    const row = await this.audit.record(async (tx) => {
      const found = await this.patches.transfer(tx, buildId, owner, this.clock.now());
      if (found === null)
        throw new RequestError('NOT_FOUND', `no patch has the build-id ${JSON.stringify(given)}`);
      const { before, after } = found;
      if (before.owner === owner)
        throw new RequestError('BAD_USER_INPUT', `${buildId} already belongs to ${owner}`);
      const detail = { from: before.owner, to: owner, reason };
      const entry: AuditEntry = {
        who: senderOf(context),
        action: 'transfer-patch',
        subject: buildId,
        detail,
      };
      return { result: after, entry };
    });
    return patchView(row);
  }
}
