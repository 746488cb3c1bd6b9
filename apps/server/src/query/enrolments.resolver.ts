import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { EnrolmentAdmin, type EnrolmentChange } from '../access/enrolment-admin.js';
import { type HostCredentialRow, HostCredentialsStore } from '../store/access/host-credentials.store.js';
import { requireReason } from './admin-input.js';
import { connect, toPage } from './connection.js';
import { toTokenId } from './enrolment-tokens.resolver.js';
import type * as Sdl from './generated/schema.js';
import { toHostId } from './ids.js';
import { type RequestContext, senderOf } from './sender.js';

/** Answers `enrolments`, and what admins decide about them. */
@Resolver('Enrolment')
export class EnrolmentsResolver {
  constructor(
    private readonly hosts: HostCredentialsStore,
    private readonly admin: EnrolmentAdmin,
  ) {}

  @Query('enrolments')
  async enrolments(@Args() { where, ...args }: Sdl.QueryEnrolmentsArgs): Promise<Sdl.EnrolmentConnection> {
    const page = toPage(args, ['uuid']);
    const { state = null, tokenId = null } = where ?? {};
    const condition = { state, tokenId: tokenId === null ? null : toTokenId(tokenId) };
    const [after, limit] = [page.key?.[0] ?? null, page.size + 1];
    const rows = await this.hosts.page(condition, { after, backwards: page.backwards, limit });
    return connect(rows.map(toView), page, await this.hosts.count(condition), ({ host }) => [host]);
  }

  @Mutation('approveEnrolment')
  async approve(
    @Args() { host }: Sdl.MutationApproveEnrolmentArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.Enrolment> {
    return this.change('approve-enrolment', host, null, context);
  }

  @Mutation('rejectEnrolment')
  async reject(
    @Args() { host, reason }: Sdl.MutationRejectEnrolmentArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.Enrolment> {
    return this.change('reject-enrolment', host, requireReason(reason), context);
  }

  @Mutation('revokeHostCredential')
  async revoke(
    @Args() { host, reason }: Sdl.MutationRevokeHostCredentialArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.Enrolment> {
    return this.change('revoke-host-credential', host, requireReason(reason), context);
  }

  @Mutation('resetHostCredential')
  async reset(
    @Args() { host, reason }: Sdl.MutationResetHostCredentialArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.Enrolment> {
    return this.change('reset-host-credential', host, requireReason(reason), context);
  }

  @Mutation('rotateServerKey')
  async rotate(
    @Args() { immediately }: Sdl.MutationRotateServerKeyArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.ServerKey> {
    return this.admin.rotateKey(immediately ?? false, senderOf(context));
  }

  private async change(
    action: EnrolmentChange,
    host: string,
    reason: string | null,
    context: RequestContext,
  ): Promise<Sdl.Enrolment> {
    return toView(await this.admin.change(toHostId(host), action, reason, senderOf(context)));
  }
}

const toView = ({ hostId: host, labels, publicKey: _key, ...row }: HostCredentialRow): Sdl.Enrolment => ({
  ...row,
  host,
  labels: Object.entries(labels).map(([key, value]) => ({ key, value })),
});
