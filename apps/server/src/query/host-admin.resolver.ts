import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import type { FastifyRequest } from 'fastify';
import { bearerOf } from '../access/bearer.guard.js';
import { Roles } from '../access/roles.js';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { AuditStore } from '../store/access/audit.store.js';
import { type Changed, HostsStore } from '../store/hosts/hosts.store.js';
import { present } from '../store/history/as-of.js';
import type { Transaction } from '../store/catalog/revisions.js';
import { SituationsStore, toSituationDraft } from '../store/content/situations.store.js';
import type * as Sdl from './generated/schema.js';
import { Hosts } from './hosts.js';
import { toHostId } from './ids.js';
import type { HostView } from './views.js';

interface Request {
  readonly reply: { readonly request: FastifyRequest };
}

const ATTEMPTS = 8;
const REASON_LENGTH = 500;

/** Decisions of admins about the identity and the history of a host. Each has a reason and is in the audit log. */
@Resolver()
export class HostAdminResolver {
  constructor(
    private readonly hosts: HostsStore,
    private readonly views: Hosts,
    private readonly situations: SituationsStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  @Mutation('releaseHost')
  @Roles('admin')
  async releaseHost(
    @Args() { id: given, reason }: Sdl.MutationReleaseHostArgs,
    @Context() context: Request,
  ): Promise<HostView> {
    const id = toHostId(given);
    await this.record(id, 'release-host', { reason: checked(reason) }, context, (tx) =>
      this.hosts.release(tx, id, this.clock.now()),
    );
    return this.host(id);
  }

  @Mutation('resetHostSequence')
  @Roles('admin')
  async resetHostSequence(
    @Args() { id: given, reason }: Sdl.MutationResetHostSequenceArgs,
    @Context() context: Request,
  ): Promise<HostView> {
    const id = toHostId(given);
    await this.record(id, 'reset-host-sequence', { reason: checked(reason) }, context, (tx) =>
      this.hosts.resetSequence(tx, id, this.clock.now()),
    );
    return this.host(id);
  }

  @Mutation('setBootBaseline')
  @Roles('admin')
  async setBootBaseline(
    @Args() { id: given, bootId, reason }: Sdl.MutationSetBootBaselineArgs,
    @Context() context: Request,
  ): Promise<HostView> {
    const id = toHostId(given);
    const detail = { reason: checked(reason), bootId: bootId.toLowerCase() };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { row } = await this.host(id);
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
      const became = await this.record(id, 'set-boot-baseline', detail, context, (tx) =>
        this.hosts.changeSituation(tx, id, situationId, draft.id, this.clock.now()),
      );
      if (became !== 'CONFLICT') return this.host(id);
    }
    throw new RequestError(
      'BUSY',
      `the host ${id} reported during each of ${ATTEMPTS} attempts: send this again in a few seconds`,
    );
  }

  private async record(
    id: string,
    action: string,
    detail: object,
    context: Request,
    change: (tx: Transaction) => Promise<Changed>,
  ): Promise<Changed> {
    return this.audit.record(async (tx) => {
      const result = await change(tx);
      if (result === 'NO_SUCH_HOST') throw new RequestError('NOT_FOUND', `no host has the id ${id}`);
      const who = bearerOf(context.reply.request).name;
      return { result, entry: result === 'CHANGED' ? { who, action, subject: id, detail } : null };
    });
  }

  /** Reads the host from the main database, because a replica may not have the change yet. */
  private async host(id: string): Promise<HostView> {
    const [view] = await this.views.view(await this.hosts.find({ id }, 1, present(this.clock.now()), true));
    if (view === undefined) throw new RequestError('NOT_FOUND', `no host has the id ${id}`);
    return view;
  }
}

function checked(reason: string): string {
  if (reason.trim().length > 0 && reason.length <= REASON_LENGTH) return reason;
  throw new RequestError('BAD_USER_INPUT', `a reason has 1 to ${REASON_LENGTH} characters`, [
    { pointer: '/reason', detail: `must have 1 to ${REASON_LENGTH} characters`, found: reason.slice(0, 100) },
  ]);
}
