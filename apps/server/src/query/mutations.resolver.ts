import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { Labels as LabelsSchema } from '@klpreg/wire';
import type { FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { bearerOf } from '../access/bearer.guard.js';
import { Roles } from '../access/roles.js';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { AuditStore, type AuditEntry } from '../store/access/audit.store.js';
import type { Transaction } from '../store/catalog/revisions.js';
import { type Changed, HostsStore } from '../store/hosts/hosts.store.js';
import { present } from '../store/history/as-of.js';
import {
  AGENT_PREFIX,
  type Labels,
  LabelsStore,
  ownWords,
  toLabelsDraft,
} from '../store/content/labels.store.js';
import { PatchesStore } from '../store/catalog/patches.store.js';
import type * as Sdl from './generated/schema.js';
import { Hosts } from './hosts.js';
import { toHostId } from './ids.js';
import { type HostView, patchView } from './views.js';

interface Request {
  readonly reply: { readonly request: FastifyRequest };
}

const who = (context: Request): string => bearerOf(context.reply.request).name;

/** Checks labels from an admin: no key twice, and no key that is reserved for labels that the host reports. */
function toLabels(labels: readonly Sdl.LabelInput[]): Labels {
  const own = labels.find(({ key }) => key.startsWith(AGENT_PREFIX));
  if (own !== undefined)
    throw new RequestError(
      'BAD_USER_INPUT',
      `label ${own.key}: ${AGENT_PREFIX} is reserved for labels that the host reports`,
    );
  const given = Object.fromEntries(labels.map(({ key, value }) => [key, value]));
  if (Object.keys(given).length !== labels.length)
    throw new RequestError('BAD_USER_INPUT', 'a label is given twice');
  const parsed = LabelsSchema.safeParse(given);
  if (!parsed.success) throw new RequestError('BAD_USER_INPUT', z.prettifyError(parsed.error));
  return parsed.data;
}

/** @throws RequestError unless the value is one line of 1 to `max` characters, without control characters */
function requireLine(argument: string, value: string, max: number): void {
  // eslint-disable-next-line no-control-regex -- control characters are what this forbids
  if (value.length >= 1 && value.length <= max && !/[\u0000-\u001f\u007f]/.test(value)) return;
  const detail = `must be one line of 1 to ${max} characters`;
  const found = JSON.stringify(value.slice(0, 100));
  throw new RequestError('BAD_USER_INPUT', `\`${argument}\` ${detail}, found ${found}`, [
    { pointer: `/${argument}`, detail, found },
  ]);
}

const ATTEMPTS = 8;

/** Changes by people: adding, labelling and retiring hosts, and recalling patches. Each is in the audit log. */
@Resolver()
export class MutationsResolver {
  constructor(
    private readonly hosts: HostsStore,
    private readonly views: Hosts,
    private readonly labels: LabelsStore,
    private readonly patches: PatchesStore,
    private readonly audit: AuditStore,
    private readonly clock: Clock,
  ) {}

  @Mutation('addHost')
  @Roles('admin')
  async addHost(@Args() { input }: Sdl.MutationAddHostArgs, @Context() context: Request): Promise<HostView> {
    const id = input.id == null ? uuidv7() : toHostId(input.id);
    requireLine('input/hostname', input.hostname, 253);
    const labels = toLabelsDraft(toLabels(input.labels ?? []));
    await this.labels.keep([labels]);
    await this.audit.record(async (tx) => {
      if (!(await this.hosts.add(tx, id, input.hostname, labels.id, this.clock.now())))
        throw new RequestError('AMBIGUOUS', `a host with the id ${id} already exists`);
      return {
        result: undefined,
        entry: { who: who(context), action: 'add-host', subject: id, detail: { hostname: input.hostname } },
      };
    });
    return this.host(id);
  }

  @Mutation('labelHost')
  @Roles('admin')
  async labelHost(
    @Args() { id: given, labels }: Sdl.MutationLabelHostArgs,
    @Context() context: Request,
  ): Promise<HostView> {
    const id = toHostId(given);
    const entry = { who: who(context), action: 'label-host', subject: id, detail: { labels } };
    const admins = toLabels(labels);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { row } = await this.host(id);
      const changed = toLabelsDraft({ ...admins, ...ownWords(row.labels) });
      await this.labels.keep([changed]);
      // labels that the host reports may have changed meanwhile, and must stay
      const became = await this.changeHost(id, entry, (tx) =>
        this.hosts.relabel(tx, id, row.labelSetId, changed.id, this.clock.now()),
      );
      if (became !== 'CONFLICT') return this.host(id);
    }
    throw new RequestError(
      'BUSY',
      `the labels of the host ${id} changed during each of ${ATTEMPTS} attempts: send this again in a few seconds`,
    );
  }

  @Mutation('retireHost')
  @Roles('admin')
  async retireHost(
    @Args() { id: given, reason, compromised }: Sdl.MutationRetireHostArgs,
    @Context() context: Request,
  ): Promise<HostView> {
    const id = toHostId(given);
    const isCompromised = compromised ?? false;
    const entry = {
      who: who(context),
      action: 'retire-host',
      subject: id,
      detail: { reason, ...(isCompromised && { compromised: true }) },
    };
    await this.changeHost(id, entry, (tx) =>
      this.hosts.retire(tx, id, entry.who, isCompromised, this.clock.now()),
    );
    return this.host(id);
  }

  @Mutation('recallPatch')
  @Roles('admin', 'publisher')
  async recallPatch(
    @Args() { buildId, reason, recalled }: Sdl.MutationRecallPatchArgs,
    @Context() context: Request,
  ): Promise<Sdl.Patch> {
    const recall = recalled ?? true;
    const row = await this.audit.record(async (tx) => {
      const result = await this.patches.recall(
        tx,
        buildId.toLowerCase(),
        recall,
        recall ? (reason ?? null) : null,
        this.clock.now(),
      );
      if (result === null)
        throw new RequestError('NOT_FOUND', `no patch has the build-id ${JSON.stringify(buildId)}`);
      return {
        result,
        entry: {
          who: who(context),
          action: recall ? 'recall-patch' : 'unrecall-patch',
          subject: buildId,
          detail: { reason },
        },
      };
    });
    return patchView(row);
  }

  private async changeHost(
    id: string,
    entry: AuditEntry,
    change: (tx: Transaction) => Promise<Changed>,
  ): Promise<Changed> {
    return this.audit.record(async (tx) => {
      const result = await change(tx);
      if (result === 'NO_SUCH_HOST') throw new RequestError('NOT_FOUND', `no host has the id ${id}`);
      return { result, entry: result === 'CHANGED' ? entry : null };
    });
  }

  /** Reads the host from the main database, because a replica may not have the change yet. */
  private async host(id: string): Promise<HostView> {
    const [view] = await this.views.view(await this.hosts.find({ id }, 1, present(this.clock.now()), true));
    if (view === undefined) throw new RequestError('NOT_FOUND', `no host has the id ${id}`);
    return view;
  }
}
