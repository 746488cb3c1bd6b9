import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { LabelsStore, ownWords, toLabelsDraft } from '../store/content/labels.store.js';
import { HostsStore } from '../store/hosts/hosts.store.js';
import { requireInScope, toLabels } from './admin-input.js';
import type { MutationLabelHostArgs } from './generated/schema.js';
import { HostChanges } from './host-changes.js';
import type { HostView } from './host-view.js';
import { toHostId } from './ids.js';
import { type RequestContext, scopeOf, senderOf } from './sender.js';

/** Answers `labelHost`. */
@Resolver()
export class LabelHostResolver {
  constructor(
    private readonly hosts: HostsStore,
    private readonly labels: LabelsStore,
    private readonly changes: HostChanges,
  ) {}

  @Mutation('labelHost')
  async labelHost(
    @Args() { id: given, labels }: MutationLabelHostArgs,
    @Context() context: RequestContext,
  ): Promise<HostView> {
    const id = toHostId(given);
    const by = senderOf(context);
    const scope = scopeOf(context);
    const admins = toLabels(labels, 'labels');
    requireInScope(admins, scope);
    return this.changes.decideAndMake(id, scope, `the labels of the host ${id} changed`, async ({ row }) => {
      const draft = toLabelsDraft({ ...admins, ...ownWords(row.labels) });
      await this.labels.keep([draft]);
      return {
        id,
        action: 'label-host',
        detail: { labels },
        by,
        scope,
        store: (tx, at) => this.hosts.relabel(tx, id, row.labelSetId, draft.id, at),
      };
    });
  }
}
