import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { isAddressRange } from '../access/address-ranges.js';
import { EnrolmentAdmin } from '../access/enrolment-admin.js';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { type EnrolmentTokenRow, EnrolmentTokensStore } from '../store/access/enrolment-tokens.store.js';
import { requireLine, toLabels } from './admin-input.js';
import type * as Sdl from './generated/schema.js';
import { type RequestContext, senderOf } from './sender.js';

/** For a null: the schema has the same default. */
const DEFAULT_SECONDS = 7 * 86_400;
const MAX_USES = 1_000_000;
const MAX_ADDRESSES = 100;
const [MIN_SECONDS, MAX_SECONDS] = [60, 366 * 86_400];
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Answers `enrolmentTokens`, `createEnrolmentToken` and `revokeEnrolmentToken`. */
@Resolver('EnrolmentToken')
export class EnrolmentTokensResolver {
  constructor(
    private readonly tokens: EnrolmentTokensStore,
    private readonly admin: EnrolmentAdmin,
    private readonly clock: Clock,
  ) {}

  @Query('enrolmentTokens')
  async enrolmentTokens(): Promise<Sdl.EnrolmentToken[]> {
    return (await this.tokens.list()).map(toView);
  }

  @Mutation('createEnrolmentToken')
  async createEnrolmentToken(
    @Args() { input }: Sdl.MutationCreateEnrolmentTokenArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.CreatedEnrolmentToken> {
    const { name, uses, addresses, approval, labels } = input;
    const expiresIn = input.expiresIn ?? DEFAULT_SECONDS;
    requireLine('input/name', name, 100);
    if (uses != null) requireWithin('uses', uses, 1, MAX_USES);
    requireWithin('expiresIn', expiresIn, MIN_SECONDS, MAX_SECONDS);
    const { text, row } = await this.admin.createToken({
      name,
      useLimit: uses ?? null,
      addresses: toRanges(addresses ?? []),
      needsApproval: approval ?? false,
      labels: toLabels(labels ?? [], 'input/labels'),
      createdBy: senderOf(context),
      expiresAt: new Date(this.clock.now().getTime() + expiresIn * 1000),
    });
    return { token: text, enrolmentToken: toView(row) };
  }

  @Mutation('revokeEnrolmentToken')
  async revokeEnrolmentToken(
    @Args() { id, withHosts }: Sdl.MutationRevokeEnrolmentTokenArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.EnrolmentToken> {
    return toView(await this.admin.revokeToken(toTokenId(id), withHosts ?? false, senderOf(context)));
  }
}

/** Reads the id of an enrolment token. @throws RequestError */
export function toTokenId(id: string): string {
  if (UUID.test(id.toLowerCase())) return id.toLowerCase();
  const found = JSON.stringify(id.slice(0, 100));
  throw new RequestError('BAD_USER_INPUT', `${found} is not the id of an enrolment token`);
}

function requireWithin(field: string, value: number, min: number, max: number): void {
  if (value >= min && value <= max) return;
  const detail = `must be ${min} to ${max}`;
  throw new RequestError('BAD_USER_INPUT', `\`input/${field}\` ${detail}, found ${value}`, [
    { pointer: `/input/${field}`, detail, found: String(value) },
  ]);
}

function toRanges(addresses: readonly string[]): readonly string[] {
  requireWithin('addresses', addresses.length, 0, MAX_ADDRESSES);
  const wrong = addresses.find((range) => !isAddressRange(range));
  if (wrong === undefined) return addresses;
  const detail = 'must be addresses or CIDR ranges, such as 10.1.0.0/16';
  const found = JSON.stringify(wrong.slice(0, 100));
  throw new RequestError('BAD_USER_INPUT', `\`input/addresses\` ${detail}, found ${found}`, [
    { pointer: '/input/addresses', detail, found },
  ]);
}

const toView = ({
  useLimit,
  needsApproval,
  labels,
  addresses,
  ...row
}: EnrolmentTokenRow): Sdl.EnrolmentToken => ({
  ...row,
  useLimit,
  needsApproval,
  addresses: [...addresses],
  labels: Object.entries(labels).map(([key, value]) => ({ key, value })),
});
