import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { AuditStore } from '../store/access/audit.store.js';
import { OwnerPoliciesStore } from '../store/access/owner-policies.store.js';
import { requireName, requireReason } from './admin-input.js';
import type { MutationSetOwnerPolicyArgs, OwnerPolicy, QueryOwnerPoliciesArgs } from './generated/schema.js';
import { type RequestContext, senderOf } from './sender.js';

/** Answers `ownerPolicies` and `setOwnerPolicy`. */
@Resolver('OwnerPolicy')
export class OwnerPoliciesResolver {
  constructor(
    private readonly policies: OwnerPoliciesStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  @Query('ownerPolicies')
  async ownerPolicies(@Args() { where }: QueryOwnerPoliciesArgs): Promise<OwnerPolicy[]> {
    return this.policies.list(where?.owner ?? null);
  }

  @Mutation('setOwnerPolicy')
  async setOwnerPolicy(
    @Args() { owner, requireSigned, from = null, reason }: MutationSetOwnerPolicyArgs,
    @Context() context: RequestContext,
  ): Promise<OwnerPolicy> {
    requireName('owner', owner);
    requireReason(reason);
    if (!requireSigned && from !== null)
      throw new RequestError('BAD_USER_INPUT', '`from` needs `requireSigned: true`');
    const who = senderOf(context);
    const setAt = this.clock.now();
    const requireSignedFrom = requireSigned ? (from ?? setAt) : null;
    const policy = { owner, requireSignedFrom, setAt, setBy: who };
    return this.audit.record(async (tx) => {
      await this.policies.set(tx, policy);
      const detail = { requireSignedFrom, reason };
      return { result: policy, entry: { who, action: 'set-owner-policy', subject: owner, detail } };
    });
  }
}
