import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import { AuditStore } from '../store/access/audit.store.js';
import { LabelsStore, toLabelsDraft } from '../store/content/labels.store.js';
import { HostsStore } from '../store/hosts/hosts.store.js';
import { requireLine, toLabels } from './admin-input.js';
import type { MutationAddHostArgs } from './generated/schema.js';
import { HostChanges } from './host-changes.js';
import type { HostView } from './host-view.js';
import { toHostId } from './ids.js';
import { type RequestContext, senderOf } from './sender.js';

/** Answers `addHost`. */
@Resolver()
export class AddHostResolver {
  constructor(
    private readonly hosts: HostsStore,
    private readonly labels: LabelsStore,
    private readonly audit: AuditStore,
    private readonly changes: HostChanges,
    private readonly clock: Clock,
  ) {}

  @Mutation('addHost')
  async addHost(
    @Args() { input }: MutationAddHostArgs,
    @Context() context: RequestContext,
  ): Promise<HostView> {
    const { hostname } = input;
    const id = input.id == null ? uuidv7() : toHostId(input.id);
    requireLine('input/hostname', hostname, 253);
    const labels = toLabelsDraft(toLabels(input.labels ?? []));
    await this.labels.keep([labels]);
    await this.audit.record(async (tx) => {
      if (!(await this.hosts.add(tx, id, hostname, labels.id, this.clock.now())))
        throw new RequestError('AMBIGUOUS', `a host with the id ${id} already exists`);
      const entry = { who: senderOf(context), action: 'add-host', subject: id, detail: { hostname } };
      return { result: undefined, entry };
    });
    return this.changes.host(id);
  }
}
