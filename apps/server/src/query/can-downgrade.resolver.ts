import { Args, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { type Reason, type VerdictKind } from '@klpreg/compat';
import { CatalogStore } from '../store/catalog.store.js';
import { Prisma } from '../store/database.js';
import { inCohorts } from '../store/fleet.store.js';
import { type Labels, LabelsStore } from '../store/labels.store.js';
import { connect, connectList, type PageArguments, toPage } from './connection.js';
import type { HostFilter } from './filter.js';
import { Fleet, type FleetAnswer, type JudgedCohort } from './fleet.js';
import { Hosts } from './hosts.js';
import { circumstancesOf } from './judging.js';
import type { QuestionArguments } from './question.js';
import { labelViews, patchView, reasonView, stackView, verdictView } from './views.js';

/** A fleet's answer on its way out: counted already, its lists still to be paged. */
interface FleetVerdictParent {
  readonly answer: FleetAnswer;
}

/** Answers `canDowngrade`. */
@Resolver('FleetVerdict')
export class CanDowngradeResolver {
  constructor(
    private readonly fleet: Fleet,
    private readonly hostsOf: Hosts,
    private readonly labels: LabelsStore,
    private readonly catalog: CatalogStore,
  ) {}

  @Query('canDowngrade')
  async canDowngrade(@Args() args: QuestionArguments & { where?: HostFilter | null }) {
    const answer = await this.fleet.ask(args);
    const { kind, counts, now } = answer;
    return { kind, counts, matched: counts.total, limitedByScope: false, snapshot: { now }, answer };
  }

  @ResolveField('reasons')
  reasons(@Parent() { answer }: FleetVerdictParent, @Args() args: PageArguments) {
    return connectList(
      answer.reasons.map(({ reason, hosts }) => ({ reason: reasonView(reason), hosts })),
      args,
    );
  }

  @ResolveField('cohorts')
  async cohorts(@Parent() { answer }: FleetVerdictParent, @Args() args: PageArguments) {
    const page = connectList(answer.cohorts, args);
    const labels = await this.labels.load([...new Set(page.nodes.map(({ cohort }) => cohort.labelSetId))]);
    const patches = await this.patches(page.nodes, answer);
    const views = page.nodes.map((judged) => cohortView(judged, answer, labels, patches));
    return { ...page, nodes: views, edges: page.edges.map(({ cursor }, i) => ({ cursor, node: views[i] })) };
  }

  /** Only the hosts of cohorts whose answer is of that kind, or has that reason. */
  @ResolveField('hosts')
  async hosts(@Parent() { answer }: FleetVerdictParent, @Args() args: PageArguments & { kind?: VerdictKind | null; code?: string | null }) {
    const page = toPage(args, 2);
    const wanted = answer.cohorts.filter(
      ({ verdict }) =>
        (args.kind == null || verdict.kind === args.kind) && (args.code == null || verdict.reasons.some((reason: Reason) => reason.code === args.code)),
    );
    const everyone = wanted.length === answer.cohorts.length;
    const where = everyone
      ? answer.where
      : Prisma.sql`${answer.where} AND ${inCohorts(
          wanted.map(({ cohort }) => cohort),
          answer.ages,
        )}`;
    const rows = wanted.length === 0 ? [] : await this.hostsOf.page(where, page);
    const views = await this.hostsOf.view(rows);
    const verdicts = views.map((host) => ({ host, verdict: verdictView(answer.judging.judge(circumstancesOf(host.row, answer.ages))) }));
    const total = wanted.reduce((sum, { cohort }) => sum + cohort.hosts, 0);
    return connect(verdicts, page, total, ({ host }) => [host.row.hostname, host.row.id]);
  }

  private async patches(cohorts: readonly JudgedCohort[], answer: FleetAnswer) {
    const buildIds = cohorts.flatMap(({ cohort }) =>
      cohort.situationId === null ? [] : (answer.judging.situations.get(cohort.situationId)?.list ?? []).flatMap(({ buildId }) => buildId ?? []),
    );
    const rows = buildIds.length === 0 ? [] : await this.catalog.rows({ buildId: { in: [...new Set(buildIds)] } });
    return new Map(rows.map((row) => [row.buildId, patchView(row)]));
  }
}

function cohortView({ cohort, verdict }: JudgedCohort, answer: FleetAnswer, labels: ReadonlyMap<string, Labels>, patches: Parameters<typeof stackView>[2]) {
  const situation = cohort.situationId === null ? undefined : answer.judging.situations.get(cohort.situationId);
  return {
    hosts: cohort.hosts,
    kernelRelease: situation?.kernelRelease ?? null,
    arch: situation?.arch ?? null,
    stack: stackView(situation, answer.judging.catalog, patches),
    labels: labelViews(labels.get(cohort.labelSetId) ?? {}),
    freshness: cohort.level,
    verdict: verdictView(verdict),
    examples: cohort.examples,
  };
}
