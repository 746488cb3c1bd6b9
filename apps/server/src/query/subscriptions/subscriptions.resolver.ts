import { Args, Context, Resolver, Subscription } from '@nestjs/graphql';
import { Clock } from '../../clock.js';
import { ChangedHostsStore } from '../../store/changes/changed-hosts.store.js';
import type { Scope } from '../../store/access/tokens.store.js';
import { Fleet } from '../fleet.js';
import type * as Sdl from '../generated/schema.js';
import type { HostView } from '../host-view.js';
import { Hosts } from '../hosts.js';
import { toHostId } from '../ids.js';
import { Parts } from '../parts.js';
import { type RequestContext, scopeOf } from '../sender.js';
import { type Watch, Watches } from './watches.js';

/** The maximum number of hosts in one event. */
const MAX_HOSTS = 100;
/** The maximum number of changed hosts that are looked at in one change. */
const MAX_CHANGED = 1_000;
const STALLED_AFTER_SECONDS = 15 * 60;

type Told<Name extends keyof Sdl.Subscription> = AsyncIterableIterator<Sdl.Subscription[Name]>;
type Verdicts = Omit<Sdl.VerdictChange, 'before'>;
interface Found {
  readonly hosts: readonly HostView[];
  readonly more: boolean;
}

/** Answers the subscriptions. Readers with the same arguments and scope share one watch. */
@Resolver()
export class SubscriptionsResolver {
  constructor(
    private readonly watches: Watches,
    private readonly fleet: Fleet,
    private readonly parts: Parts,
    private readonly changed: ChangedHostsStore,
    private readonly hosts: Hosts,
    private readonly clock: Clock,
  ) {}

  @Subscription('verdictChanged', { resolve: (change: unknown) => change })
  verdictChanged(
    @Args() args: Sdl.SubscriptionVerdictChangedArgs,
    @Context() context: RequestContext,
  ): Told<'verdictChanged'> {
    const scope = scopeOf(context);
    const watch: Watch<Verdicts, Sdl.VerdictChange> = {
      ask: async () => {
        const { kind, counts, limitedByScope, asOf } = await this.fleet.ask(args, scope);
        return { kind, counts, limitedByScope, at: asOf.now };
      },
      eventOf: (before, state) =>
        before !== null && textOf(before) === textOf(state)
          ? null
          : { ...state, before: before?.counts ?? null },
    };
    return this.watches.subscribe(keyOf('verdictChanged', args, scope), watch);
  }

  @Subscription('hostChanged', { resolve: (change: unknown) => change })
  hostChanged(
    @Args() args: Sdl.SubscriptionHostChangedArgs,
    @Context() context: RequestContext,
  ): Told<'hostChanged'> {
    const scope = scopeOf(context);
    const where = args.where ?? {};
    const among = where.ids?.map(toHostId);
    const watch: Watch<Found & { readonly snapshot: string }, Found> = {
      ask: async (before) => {
        const { ids, snapshot } = await this.changed.since(before?.snapshot ?? null, MAX_CHANGED);
        const wanted = among === undefined ? ids : ids.filter((id) => among.includes(id));
        if (wanted.length === 0) return { snapshot, hosts: [], more: false };
        const found = await this.find({ ...where, ids: [...wanted] }, scope);
        return { ...found, snapshot, more: found.more || ids.length === MAX_CHANGED };
      },
      eventOf: (before, state) => (before === null || state.hosts.length === 0 ? null : state),
    };
    return this.watches.subscribe(keyOf('hostChanged', args, scope), watch) as unknown as Told<'hostChanged'>;
  }

  @Subscription('transitionStalled', { resolve: (change: unknown) => change })
  transitionStalled(
    @Args() args: Sdl.SubscriptionTransitionStalledArgs,
    @Context() context: RequestContext,
  ): Told<'transitionStalled'> {
    const scope = scopeOf(context);
    const watch: Watch<readonly HostView[], Pick<Found, 'hosts'>> = {
      ask: async () => {
        const { hosts } = await this.find({ ...args.where, transition: 'STALLED' }, scope);
        const seconds = args.after ?? STALLED_AFTER_SECONDS;
        const latest = new Date(this.clock.now().getTime() - seconds * 1000);
        return hosts.filter(({ row: { detail } }) => {
          const since = detail.transition?.since;
          return since != null && new Date(since) <= latest;
        });
      },
      eventOf: (before, state) => {
        const known = new Set(before?.map(transitionOf));
        const hosts = state.filter((host) => !known.has(transitionOf(host)));
        return hosts.length === 0 ? null : { hosts };
      },
    };
    const key = keyOf('transitionStalled', args, scope);
    return this.watches.subscribe(key, watch) as unknown as Told<'transitionStalled'>;
  }

  private async find(where: Sdl.HostFilter, scope: Scope | null): Promise<Found> {
    // what hosts run does not depend on the target
    const answer = await this.fleet.ask({ where, to: { original: true } }, scope);
    const page = { after: null, backwards: false, limit: MAX_HOSTS + 1 };
    const rows = await this.parts.hosts(answer, answer.situations, page);
    const asked = { asOf: answer.pinned, catalog: answer.view.revision };
    const hosts = await this.hosts.view(rows.slice(0, MAX_HOSTS), asked, answer.view);
    return { hosts, more: rows.length > MAX_HOSTS };
  }
}

/** Identifies what is watched. */
const keyOf = (field: string, args: object, scope: Scope | null): string =>
  JSON.stringify([field, args, scope]);

const textOf = ({ kind, counts, limitedByScope }: Verdicts): string =>
  JSON.stringify([kind, counts, limitedByScope]);

const transitionOf = ({ row }: HostView): string =>
  JSON.stringify([row.id, row.detail.transition?.patch, row.detail.transition?.since]);
