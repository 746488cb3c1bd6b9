import { Args, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { Mistake } from '../errors.js';
import { Prisma } from '../store/database.js';
import { connect, type PageArguments, toPage } from './connection.js';
import { type HostFilter, toCondition } from './filter.js';
import { Fleet } from './fleet.js';
import { Hosts } from './hosts.js';
import { toHostId } from './ids.js';
import type { QuestionArguments } from './question.js';
import { type HostView, verdictView } from './views.js';

/** Answers `host`, `hosts`, and what a host can do. */
@Resolver('Host')
export class HostsResolver {
  constructor(
    private readonly hosts: Hosts,
    private readonly fleet: Fleet,
  ) {}

  @Query('host')
  async host(@Args('id') id: string | null | undefined, @Args('hostname') hostname: string | null | undefined): Promise<HostView | null> {
    if ((id == null) === (hostname == null)) throw new Mistake('BAD_USER_INPUT', 'give `id` or `hostname`');
    const rows = await this.hosts.find(id == null ? Prisma.sql`h.hostname = ${hostname}` : byId(toHostId(id)), 20);
    const living = rows.length > 1 ? rows.filter((row) => row.retiredAt === null) : rows;
    if (living.length > 1)
      throw new Mistake('AMBIGUOUS', `${living.length} hosts are called ${JSON.stringify(hostname)}; ask by id: ${living.map((row) => row.id).join(', ')}`);
    return (await this.hosts.view(living.slice(0, 1)))[0] ?? null;
  }

  @Query('hosts')
  async list(@Args('filter') filter: HostFilter | null | undefined, @Args() args: PageArguments) {
    const page = toPage(args, 2);
    const where = toCondition(filter ?? {});
    const rows = await this.hosts.page(where, page);
    const views = await this.hosts.view(rows);
    return connect(views, page, await this.hosts.count(where), (view) => [view.row.hostname, view.row.id]);
  }

  @ResolveField('canDowngrade')
  async canDowngrade(@Parent() host: HostView, @Args() args: QuestionArguments) {
    return verdictView(await this.fleet.judgeHost(host.row, args));
  }
}

/** The host with this id; its bucket comes first in the key. */
const byId = (id: string): Prisma.Sql => Prisma.sql`h.bucket = ${Number.parseInt(id.slice(-2), 16)}::smallint AND h.id = ${id}::uuid`;
