import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../clock.js';
import { RequestError } from '../errors.js';
import type { AuditEntry } from '../store/access/audit-chain.js';
import { AuditStore } from '../store/access/audit.store.js';
import { LabelsStore, toLabelsDraft } from '../store/content/labels.store.js';
import { HostsStore } from '../store/hosts/hosts.store.js';
import { requireInScope, requireLine, toLabels } from './admin-input.js';
import type { MutationAddHostArgs } from './generated/schema.js';
import { HostChanges } from './host-changes.js';
import type { HostView } from './host-view.js';
import { toHostId } from './ids.js';
import { type RequestContext, scopeOf, senderOf } from './sender.js';

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
    const scope = scopeOf(context);
    // to be told that an id is taken tells of a host that may be out of the scope
    if (scope !== null && input.id != null)
      throw new RequestError('FORBIDDEN', 'only an admin without a scope chooses the id of a host');
    const id = input.id == null ? uuidv7() : toHostId(input.id);
    requireLine('input/hostname', hostname, 253);
    const given = toLabels(input.labels ?? [], 'input/labels');
    requireInScope(given, scope);
    const labels = toLabelsDraft(given);
    await this.labels.keep([labels]);
    await this.audit.record(async (tx) => {
      if (!(await this.hosts.add(tx, id, hostname, labels.id, this.clock.now())))
        throw new RequestError('AMBIGUOUS', `a host with the id ${id} already exists`);
      const entry: AuditEntry = {
        who: senderOf(context),
        action: 'add-host',
        subject: id,
        detail: { hostname },
      };
      return { result: undefined, entry };
    });
    return this.changes.host(id, scope);
  }
}
