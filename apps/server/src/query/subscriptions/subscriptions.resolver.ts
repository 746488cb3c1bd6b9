import { Args, Context, Resolver, Subscription } from '@nestjs/graphql';
import { Clock } from '../../clock.js';
import { ChangedHostsStore } from '../../store/changes/changed-hosts.store.js';
import type { Scope } from '../../store/access/tokens.store.js';
import { RequestError } from '../../errors.js';
import { present } from '../../store/history/as-of.js';
import { BY_NAME, type HostOrder } from '../../store/hosts/host-order.js';
import { STALLED_AFTER_SECONDS as SHORTEST_SECONDS, toCondition } from '../filter.js';
import { Fleet } from '../fleet.js';
import type * as Sdl from '../generated/schema.js';
import type { HostView } from '../host-view.js';
import { Hosts } from '../hosts.js';
import { Parts } from '../parts.js';
import { type RequestContext, scopeOf } from '../sender.js';
import { type Watch, Watches } from './watches.js';

/** The maximum number of hosts in one event. */
const MAX_HOSTS = 100;
/** The maximum number of hosts that are looked at in one change. */
const MAX_CHANGED = 1_000;
const STALLED_AFTER_SECONDS = 15 * 60;
const OLDEST_FIRST: HostOrder = { field: 'TRANSITION_SINCE', descending: false };

type Events<Name extends keyof Sdl.Subscription> = AsyncIterableIterator<Sdl.Subscription[Name]>;
type Verdicts = Omit<Sdl.VerdictChange, 'before'>;
interface Wanted {
  readonly order: HostOrder;
  readonly limit: number;
  readonly keeps: (row: HostView['row']) => boolean;
}
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
  ): Events<'verdictChanged'> {
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
  ): Events<'hostChanged'> {
    const scope = scopeOf(context);
    const where = args.where ?? {};
    const watch: Watch<Found & { readonly snapshot: string }, Found> = {
      hasChanges: true,
      ask: async (before) => {
        const condition = toCondition(where, scope, present(this.clock.now()));
        const changed = await this.changed.since(before?.snapshot ?? null, condition, MAX_CHANGED + 1);
        const { ids, snapshot } = changed;
        if (ids.length === 0) return { snapshot, hosts: [], more: false };
        const found = await this.find({ ...where, ids: ids.slice(0, MAX_CHANGED) }, scope);
        return { ...found, snapshot, more: found.more || ids.length > MAX_CHANGED };
      },
      eventOf: (before, { hosts, more }) =>
        before === null || (hosts.length === 0 && !more) ? null : { hosts, more },
    };
    return this.watches.subscribe(
      keyOf('hostChanged', args, scope),
      watch,
    ) as unknown as Events<'hostChanged'>;
  }

  @Subscription('transitionStalled', { resolve: (change: unknown) => change })
  transitionStalled(
    @Args() args: Sdl.SubscriptionTransitionStalledArgs,
    @Context() context: RequestContext,
  ): Events<'transitionStalled'> {
    const scope = scopeOf(context);
    const seconds = args.after ?? STALLED_AFTER_SECONDS;
    refuseContradictions(args.where?.transition, seconds);
    const watch: Watch<Found, Found> = {
      ask: async () => {
        const latest = new Date(this.clock.now().getTime() - seconds * 1000);
        const where = { ...args.where, transition: 'STALLED' as const };
        // as many as are looked at: with the oldest hundred only, the next one would never be an event
        return this.find(where, scope, {
          order: OLDEST_FIRST,
          limit: MAX_CHANGED,
          keeps: ({ detail }) => {
            const since = detail.transition?.since;
            return since != null && new Date(since) <= latest;
          },
        });
      },
      eventOf: (before, state) => {
        const known = new Set(before?.hosts.map(transitionOf));
        const hosts = state.hosts.filter((host) => !known.has(transitionOf(host)));
        if (hosts.length === 0 && (!state.more || before?.more === true)) return null;
        return { hosts: hosts.slice(0, MAX_HOSTS), more: state.more || hosts.length > MAX_HOSTS };
      },
    };
    const key = keyOf('transitionStalled', args, scope);
    return this.watches.subscribe(key, watch) as unknown as Events<'transitionStalled'>;
  }

  /** @param keeps is true for all rows up to one of the order, and false after it */
  private async find(
    where: Sdl.HostFilter,
    scope: Scope | null,
    { order, limit, keeps }: Wanted = { order: BY_NAME, limit: MAX_HOSTS, keeps: () => true },
  ): Promise<Found> {
    // what hosts run does not depend on the target
    const answer = await this.fleet.ask({ where, to: { original: true } }, scope);
    const page = { order, after: null, backwards: false, limit: limit + 1 };
    const rows = (await this.parts.hosts(answer, answer.situations, page)).filter(keeps);
    const asked = { asOf: answer.pinned, catalog: answer.view.revision };
    const hosts = await this.hosts.view(rows.slice(0, limit), asked, answer.view);
    return { hosts, more: rows.length > limit };
  }
}

/** Identifies what is watched. */
const keyOf = (field: string, args: object, scope: Scope | null): string =>
  JSON.stringify([field, args, scope], (_key, each: unknown) =>
    typeof each === 'bigint' ? String(each) : each,
  );

/**
 * @throws RequestError if the filter excludes stalled transitions, or `after` is less than what is stalled
 */
function refuseContradictions(transition: Sdl.TransitionFilter | null | undefined, seconds: number): void {
  if (transition === 'NONE')
    throw new RequestError('BAD_USER_INPUT', '`where.transition` must not be NONE here: leave it out');
  if (seconds < SHORTEST_SECONDS)
    throw new RequestError(
      'BAD_USER_INPUT',
      `\`after\` must be at least ${SHORTEST_SECONDS}s, found ${seconds}s`,
    );
}

const textOf = ({ kind, counts, limitedByScope }: Verdicts): string =>
  JSON.stringify([kind, counts, limitedByScope]);

const transitionOf = ({ row }: HostView): string =>
  JSON.stringify([row.id, row.detail.transition?.patch, row.detail.transition?.since]);
