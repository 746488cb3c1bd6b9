import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { loadedName } from '@klpreg/compat';
import { RequestError } from '../errors.js';
import { LabelsStore } from '../store/content/labels.store.js';
import { labelsOf, memberText } from './cohort-groups.js';
import { connect, type Connection, connectPart, type PageArguments, toPage, toPart } from './connection.js';
import { Fleet, type FleetAnswer } from './fleet.js';
import type * as Sdl from './generated/schema.js';
import type { ResolversTypes } from './generated/schema.js';
import { toOrder } from './host-order.js';
import { Hosts } from './hosts.js';
import { inRange } from './in-range.js';
import { memoized } from '../memoized.js';
import { type ByRelease, byNewestRelease, type PlannedPart } from './newest-release.js';
import { drainBatches, inOrder, type PlannedGroup, sumsOf } from './plan-order.js';
import { Parts } from './parts.js';
import { partAt } from './policy-rules.js';
import { type RequestContext, scopeOf } from './sender.js';
import { snapshotView } from './snapshot.js';
import { checkTime } from './time-limit.js';
import { verdictView } from './verdict-view.js';

/** A plan with its groups. The resolvers of its lists page them. */
export type PlanParent = Omit<Sdl.Plan, 'groups' | 'blockedGroups' | 'drain'> & {
  readonly served: number;
  readonly planned: ReturnType<typeof inOrder>;
  readonly answer: FleetAnswer;
};

/** A group. Its examples are looked up only if they are selected, for the whole page at once. */
export type PlanGroupParent = Omit<Sdl.PlanGroup, 'examples' | 'members'> & {
  readonly examples: () => Promise<readonly string[]>;
  readonly planned: PlannedGroup;
};

const MAX_TRIES = 20;
/** The maximum number of hosts in the batches of a plan, and at once. */
const MAX_DRAINED = 1_000;

/** Answers `plan`. */
@Resolver('Plan')
export class PlanResolver {
  constructor(
    private readonly fleet: Fleet,
    private readonly parts: Parts,
    private readonly labels: LabelsStore,
  ) {}

  @Query('plan')
  async plan(@Args() args: Sdl.QueryPlanArgs, @Context() context: RequestContext): Promise<PlanParent> {
    const { to, newest, tries, ...question } = args;
    if ((to == null) === (newest !== true))
      throw new RequestError('BAD_USER_INPUT', 'give `to`, or `newest: true`, not both');
    const asked = { ...question, bestRoute: true, to: to ?? { original: true } };
    const answer = await this.fleet.ask(asked, scopeOf(context), true);
    const { parts, skipped }: ByRelease =
      to == null
        ? await this.newestReleases(answer, inRange('tries', tries ?? 10, MAX_TRIES), context)
        : { parts: [{ release: to.release ?? null, answer }], skipped: [] };
    const planned = inOrder((await Promise.all(parts.map(async (part) => this.groupsOf(part)))).flat());
    const served = hostsIn(planned.served);
    return {
      ...sumsOf(planned.served),
      matched: answer.counts.total,
      served,
      blocked: answer.counts.total - served,
      limitedByScope: answer.limitedByScope,
      skippedReleases: [...skipped],
      snapshot: snapshotView(answer),
      planned,
      answer,
    };
  }

  @ResolveField('groups')
  async groups(
    @Parent() { planned }: PlanParent,
    @Args() args: PageArguments,
  ): Promise<Connection<PlanGroupParent>> {
    return this.page(planned.served, args);
  }

  @ResolveField('blockedGroups')
  async blockedGroups(
    @Parent() { planned }: PlanParent,
    @Args() args: PageArguments,
  ): Promise<Connection<PlanGroupParent>> {
    return this.page(planned.blocked, args);
  }

  @ResolveField('drain')
  async drain(
    @Parent() { planned, answer }: PlanParent,
    @Args() { by, atOnce }: Sdl.PlanDrainArgs,
  ): Promise<Sdl.DrainBatch[]> {
    const most = inRange('atOnce', atOnce ?? 1, MAX_DRAINED);
    const answers = new Set(planned.served.map((group) => group.answer));
    const rebooted = [...answers]
      .flatMap(({ situations }) => situations)
      .filter(({ verdict }) => verdict.accepted && verdict.route === 'REBOOT');
    if (rebooted.length === 0) return [];
    const first = { after: null, backwards: false, limit: MAX_DRAINED };
    const rows = await this.parts.hosts(answer, rebooted, first);
    const labels =
      by == null ? null : await this.labels.load([...new Set(rows.map((row) => row.labelSetId))]);
    const valueOf = (labelSetId: string): string | null =>
      by == null ? null : (labelsOf(labels?.get(labelSetId) ?? {}, [by], answer.authoritative)[by] ?? null);
    return drainBatches(
      rows.map(({ hostname, labelSetId }) => ({ hostname, value: valueOf(labelSetId) })),
      most,
    ).map((hosts, i) => ({ number: i + 1, hosts }));
  }

  private async newestReleases(
    answer: FleetAnswer,
    tries: number,
    context: RequestContext,
  ): Promise<ByRelease> {
    const releases = await answer.view.newestReleases(tries);
    return byNewestRelease(answer, releases, async (open, release) => {
      checkTime(context);
      return this.fleet.retarget(open, { release });
    });
  }

  private async groupsOf(part: PlannedPart): Promise<PlannedGroup[]> {
    if (part.answer.situations.length === 0) return [];
    const groups = await this.fleet.grouped(part.answer, {
      by: ['STACK', 'KERNEL'],
      labels: [],
      members: true,
    });
    const keys = groups.map(({ largest }) => largest.freshnessKey);
    const verdicts = await this.fleet.verdicts(part.answer, keys);
    return groups.map((group) => ({ ...part, group, verdict: verdicts.get(group.largest.freshnessKey)! }));
  }

  private async page(
    groups: readonly PlannedGroup[],
    args: PageArguments,
  ): Promise<Connection<PlanGroupParent>> {
    const part = toPart(args);
    const page = groups.slice(part.from, part.from + part.size);
    const [first] = page;
    if (first === undefined) return connectPart([], part, groups.length);
    const { answer } = first;
    const { situations } = await this.fleet.load(
      answer,
      page.map(({ group }) => group.largest.freshnessKey.situationId),
    );
    const rows = page.map(({ group }) => group.largest);
    const examples = memoized(async () => this.parts.examples(answer, rows, answer.asOf));
    const views = page.map(({ group, release, verdict }, i) => {
      const { situationId } = group.largest.freshnessKey;
      const situation = situationId === null ? undefined : situations.get(situationId);
      return {
        hosts: group.hosts,
        runs: (situation?.list ?? []).map(({ name }) => loadedName(name)),
        kernelRelease: situation?.kernelRelease ?? null,
        arch: situation?.arch ?? null,
        release,
        verdict: verdictView(verdict, partAt(answer.parts, group.largest.freshnessKey).rule),
        examples: async () => (await examples())[i]!,
        planned: page[i]!,
      };
    });
    return connectPart(views, part, groups.length);
  }
}

/** Answers `examples` and `members` of a group. */
@Resolver('PlanGroup')
export class PlanGroupResolver {
  constructor(
    private readonly parts: Parts,
    private readonly views: Hosts,
  ) {}

  @ResolveField('members')
  async members(
    @Parent() { planned: { group, answer } }: PlanGroupParent,
    @Args() args: PageArguments,
  ): Promise<ResolversTypes['HostConnection']> {
    const order = toOrder(null, { past: false });
    const page = toPage(args, order.parts);
    const place = { after: order.afterOf(page), backwards: page.backwards, limit: page.size + 1 };
    const { situations, pinned, view, condition } = answer;
    const wanted = situations.filter(({ count }) => group.members.has(memberText(count.freshnessKey)));
    const asked = { asOf: pinned, catalog: view.revision };
    const views = await this.views.view(await this.parts.hosts(answer, wanted, place), asked, view);
    return { ...connect(views, page, 0, order.keyOf), condition, asked, counted: group.hosts };
  }

  @ResolveField('examples')
  async examples(@Parent() group: PlanGroupParent): Promise<Sdl.PlanGroup['examples']> {
    return group.examples();
  }
}

const hostsIn = (groups: readonly PlannedGroup[]): number =>
  groups.reduce((sum, { group }) => sum + group.hosts, 0);
