import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { readOwnerKey } from '../access/owner-keys.js';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { AuditStore } from '../store/access/audit.store.js';
import { OwnerKeysStore } from '../store/access/owner-keys.store.js';
import { requireName } from './admin-input.js';
import type {
  MutationAddOwnerKeyArgs,
  MutationRevokeOwnerKeyArgs,
  OwnerKey,
  QueryOwnerKeysArgs,
} from './generated/schema.js';
import { type RequestContext, senderOf } from './sender.js';

/** Answers `ownerKeys`, `addOwnerKey` and `revokeOwnerKey`. */
@Resolver('OwnerKey')
export class OwnerKeysResolver {
  constructor(
    private readonly keys: OwnerKeysStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  @Query('ownerKeys')
  async ownerKeys(@Args() { where }: QueryOwnerKeysArgs): Promise<OwnerKey[]> {
    return this.keys.list(where?.owner ?? null);
  }

  @Mutation('addOwnerKey')
  async addOwnerKey(
    @Args() { owner, publicKey: pem, validFrom, validUntil = null }: MutationAddOwnerKeyArgs,
    @Context() context: RequestContext,
  ): Promise<OwnerKey> {
    requireName('owner', owner);
    const { fingerprint, publicKey } = readOwnerKey(pem);
    const who = senderOf(context);
    const now = this.clock.now();
    const validity = { validFrom: validFrom ?? now, validUntil };
    if (validUntil !== null && validUntil <= validity.validFrom)
      throw new RequestError(
        'BAD_USER_INPUT',
        `validUntil must be after validFrom, ${validity.validFrom.toISOString()}`,
      );
    const key = { fingerprint, owner, publicKey, addedBy: who, addedAt: now, ...validity };
    await this.audit.record(async (tx) => {
      if (!(await this.keys.add(tx, key)))
        throw new RequestError('AMBIGUOUS', `the key ${fingerprint} is already registered`);
      return {
        result: undefined,
        entry: { who, action: 'add-owner-key', subject: fingerprint, detail: { owner, ...validity } },
      };
    });
    return this.find(fingerprint);
  }

  @Mutation('revokeOwnerKey')
  async revokeOwnerKey(
    @Args() { fingerprint }: MutationRevokeOwnerKeyArgs,
    @Context() context: RequestContext,
  ): Promise<OwnerKey> {
    return this.audit.record(async (tx) => {
      const found = await this.keys.revoke(tx, fingerprint, this.clock.now());
      if (found === null)
        throw new RequestError('NOT_FOUND', `no key has the fingerprint ${JSON.stringify(fingerprint)}`);
      const { key, revoked } = found;
      const who = senderOf(context);
      return {
        result: key,
        entry: revoked
          ? { who, action: 'revoke-owner-key', subject: fingerprint, detail: { owner: key.owner } }
          : null,
      };
    });
  }

  private async find(fingerprint: string): Promise<OwnerKey> {
    return (await this.keys.list(null)).find((key) => key.fingerprint === fingerprint)!;
  }
}
