import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { DEFAULT_QUESTION } from '@klpreg/compat';
import { Inject } from '@nestjs/common';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { RequestError } from '../errors.js';
import type { Condition } from '../store/hosts/condition.js';
import { FleetStore } from '../store/counts/fleet.store.js';
import { HostsStore } from '../store/hosts/hosts.store.js';
import { Replica } from '../store/history/replica.js';
import { type Connection, connect, toPage } from './connection.js';
import { toCondition } from './filter.js';
import { Fleet } from './fleet.js';
import type { QueryHostArgs, QueryHostsArgs, ResolversTypes } from './generated/schema.js';
import { Hosts } from './hosts.js';
import { toHostId } from './ids.js';
import { freshnessLimitsAt } from './cohort-verdicts.js';
import type { QuestionArguments } from './question.js';
import { type RequestContext, scopeOf } from './sender.js';
import { type AskedTime, toAskedTime } from './snapshot.js';
import type { HostView } from './host-view.js';
import { verdictView } from './verdict-view.js';

export type HostList = Omit<Connection<HostView>, 'totalCount'> & {
  readonly condition: Condition;
  readonly asked: AskedTime;
};

/** Answers `host`, `hosts` and `Host.canDowngrade`. */
@Resolver('Host')
export class HostsResolver {
  constructor(
    private readonly views: Hosts,
    private readonly store: HostsStore,
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
    @Args() { where, ...args }: QueryHostsArgs,
    @Context() context: RequestContext,
  ): Promise<ResolversTypes['HostConnection']> {
    const page = toPage(args, ['name', 'uuid']);
    const asked = await this.askedTime(args.asOf);
    const condition = toCondition(where ?? {}, scopeOf(context));
    const rows = await this.store.page(
      condition,
      { after: page.key as [string, string] | null, backwards: page.backwards, limit: page.size + 1 },
      asked.asOf,
    );
    const views = await this.views.view(rows, asked);
    return { ...connect(views, page, 0, (view) => [view.row.hostname, view.row.id]), condition, asked };
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
  async totalCount(@Parent() { condition, asked }: HostList): Promise<number> {
    const limits = freshnessLimitsAt(
      asked.asOf.now,
      this.config.intervalSeconds,
      DEFAULT_QUESTION.maxAgeSeconds,
    );
    const { rows } = await this.fleet.counts(condition, limits, asked.asOf);
    return rows.reduce((sum, { hosts }) => sum + hosts, 0);
  }
}
