import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { DEFAULT_QUESTION } from '@klpreg/compat';
import { Inject } from '@nestjs/common';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { RequestError } from '../errors.js';
import { type Condition, inScope } from '../store/hosts/condition.js';
import { FleetStore } from '../store/counts/fleet.store.js';
import type { Scope } from '../store/access/tokens.store.js';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import { type HostPage, type HostRow, HostsStore } from '../store/hosts/hosts.store.js';
import { Replica } from '../store/history/replica.js';
import { type Connection, connect, toPage } from './connection.js';
import { toCondition } from './filter.js';
import { Fleet } from './fleet.js';
import type { HostFilter, QueryHostArgs, QueryHostsArgs, ResolversTypes } from './generated/schema.js';
import { hasProperties } from './host-properties.js';
import { toOrder } from './host-order.js';
import { Hosts } from './hosts.js';
import { toHostId } from './ids.js';
import { freshnessLimitsAt } from './cohort-verdicts.js';
import { Parts } from './parts.js';
import { UndecidedHosts } from './records/undecided-hosts.js';
import { checkTime } from './time-limit.js';
import type { QuestionArguments } from './question.js';
import { type RequestContext, scopeOf } from './sender.js';
import { type AskedTime, refuseForgotten, toAskedTime } from './snapshot.js';
import type { HostView } from './host-view.js';
import { verdictView } from './verdict-view.js';

export type HostList = Omit<Connection<HostView>, 'totalCount'> & {
  /** Null: not counted yet. */
  readonly counted: number | null;
  readonly condition: Condition;
  readonly asked: AskedTime;
};

/** The hosts of a page, and the catalog that their fields are shown with, if it is loaded. */
type FoundHosts = Pick<HostList, 'asked' | 'condition' | 'counted'> & {
  readonly rows: HostRow[];
  readonly view?: CatalogSnapshot;
};

/** Answers `host`, `hosts` and `Host.canDowngrade`. */
@Resolver('Host')
export class HostsResolver {
  constructor(
    private readonly views: Hosts,
    private readonly store: HostsStore,
    private readonly parts: Parts,
    private readonly undecided: UndecidedHosts,
    private readonly fleet: Fleet,
    private readonly replica: Replica,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Query('host')
  async host(
    @Args() { id, hostname, asOf }: QueryHostArgs,
    @Context() context: RequestContext,
  ): Promise<HostView | null> {
    if ((id == null) === (hostname == null))
      throw new RequestError('BAD_USER_INPUT', 'give `id` or `hostname`');
    const asked = await this.askedTime(asOf);
    const rows = await this.store.find(
      id == null ? { hostname: hostname! } : { id: toHostId(id) },
      20,
      asked.asOf,
      scopeOf(context),
    );
    const living = rows.length > 1 ? rows.filter((row) => row.retiredAt === null) : rows;
    if (living.length > 1)
      throw new RequestError(
        'AMBIGUOUS',
        `${living.length} hosts are called ${JSON.stringify(hostname)}; ask by id: ` +
          living.map((row) => row.id).join(', '),
      );
    return (await this.views.view(living.slice(0, 1), asked))[0] ?? null;
  }

  @Query('hosts')
  async hosts(
    @Args() { where, orderBy, asOf, withoutDecision, ...args }: QueryHostsArgs,
    @Context() context: RequestContext,
  ): Promise<ResolversTypes['HostConnection']> {
    const order = toOrder(orderBy, { past: asOf != null });
    const page = toPage(args, order.parts);
    const place = {
      order: order.order,
      after: order.afterOf(page),
      backwards: page.backwards,
      limit: page.size + 1,
    };
    const scope = scopeOf(context);
    const { rows, asked, condition, counted, view } =
      withoutDecision == null
        ? await this.find(where ?? {}, place, asOf, scope)
        : await this.findUndecided(where ?? {}, place, asOf, scope, withoutDecision, context);
    const views = await this.views.view(rows, asked, view);
    return { ...connect(views, page, 0, order.keyOf), condition, asked, counted };
  }

  /** Finds the hosts of a page. If properties are tested, the list is of the instant of the count. */
  private async find(
    where: HostFilter,
    place: HostPage,
    asOf: Date | null | undefined,
    scope: Scope | null,
  ): Promise<FoundHosts> {
    if (!hasProperties(where)) {
      const asked = await this.askedTime(asOf);
      refuseForgotten(where.changedSince, asked.asOf, this.config);
      const condition = toCondition(where, scope, asked.asOf);
      return { rows: await this.store.page(condition, place, asked.asOf), asked, condition, counted: null };
    }
    // what hosts run depends neither on the target nor on the policy
    const asked = { where, asOf: asOf ?? null, to: { original: true } };
    const answer = await this.fleet.ask(asked, scope, false, { policy: null });
    const { condition, pinned, view } = answer;
    return {
      rows: await this.parts.hosts(answer, answer.situations, place),
      asked: { asOf: pinned, catalog: view.revision },
      condition,
      counted: answer.counts.total,
      view,
    };
  }

  /** Finds the hosts of a page among those that changed without a decision. */
  private async findUndecided(
    where: HostFilter,
    place: HostPage,
    asOf: Date | null | undefined,
    scope: Scope | null,
    validForSeconds: number,
    context: RequestContext,
  ): Promise<FoundHosts> {
    if (asOf != null)
      throw new RequestError('BAD_USER_INPUT', '`withoutDecision` is about the present: leave out `asOf`');
    const ids = await this.undecided.find(where, validForSeconds, scope, () => checkTime(context));
    const condition: Condition = { ...inScope(scope), hosts: { hostnames: null, ids } };
    const asked = await this.askedTime(null);
    const rows = await this.store.page(condition, place, asked.asOf);
    return { rows, asked, condition, counted: ids.length };
  }

  private async askedTime(asOf: Date | null | undefined): Promise<AskedTime> {
    const asked = toAskedTime({ asOf: asOf ?? null }, null, this.config, this.clock.now());
    // for the present any time of a replica is good enough, because nothing refers to it later
    return asked.asOf.past ? { ...asked, asOf: await this.replica.pin(asked.asOf) } : asked;
  }

  @ResolveField('canDowngrade')
  async canDowngrade(
    @Parent() host: HostView,
    @Args() args: QuestionArguments,
  ): Promise<ResolversTypes['Verdict']> {
    const { verdict, rule } = await this.fleet.judgeHost(host.row, args, host.asOf, host.view);
    return verdictView(verdict, rule);
  }
}

/** Counts the hosts of a list if the question selects the count. It adds up cohorts. */
@Resolver('HostConnection')
export class HostCountResolver {
  constructor(
    private readonly fleet: FleetStore,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @ResolveField('totalCount')
  async totalCount(@Parent() { condition, asked, counted }: HostList): Promise<number> {
    if (counted !== null) return counted;
    const limits = freshnessLimitsAt(
      asked.asOf.now,
      this.config.intervalSeconds,
      DEFAULT_QUESTION.maxAgeSeconds,
    );
    const { rows } = await this.fleet.counts(condition, limits, asked.asOf);
    return rows.reduce((sum, { hosts }) => sum + hosts, 0);
  }
}
