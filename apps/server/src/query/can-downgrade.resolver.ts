import { Args, Info, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { type GraphQLResolveInfo, Kind } from 'graphql';
import { type Reason, type VerdictKind } from '@klpreg/compat';
import { type CohortRow, FleetStore } from '../store/fleet.store.js';
import { HostsStore } from '../store/hosts.store.js';
import { type Labels, LabelsStore } from '../store/labels.store.js';
import { connect, connectPart, type PageArguments, type Part, toPage, toPart } from './connection.js';
import type { HostFilter } from './filter.js';
import { Fleet, type FleetAnswer } from './fleet.js';
import { Hosts } from './hosts.js';
import { circumstancesOf } from './judging.js';
import type { QuestionArguments } from './question.js';
import { type MomentArguments, RULES_VERSION } from './snapshot.js';
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
    private readonly store: FleetStore,
    private readonly hostsStore: HostsStore,
    private readonly hostsOf: Hosts,
    private readonly labels: LabelsStore,
  ) {}

  @Query('canDowngrade')
  async canDowngrade(@Args() args: QuestionArguments & MomentArguments & { where?: HostFilter | null }, @Info() info?: GraphQLResolveInfo) {
    const answer = await this.fleet.ask(args, asksFor('cohorts', info));
    const { kind, counts, moment, view, snapshotId } = answer;
    const snapshot = { id: snapshotId, now: moment.now, catalogRevision: view.revision, rules: RULES_VERSION };
    return { kind, counts, matched: counts.total, limitedByScope: false, snapshot, answer };
  }

  @ResolveField('reasons')
  reasons(@Parent() { answer }: FleetVerdictParent, @Args() args: PageArguments) {
    const part = toPart(args, answer.reasons.length);
    const page = answer.reasons.slice(part.from, part.from + part.size).map(({ reason, hosts }) => ({ reason: reasonView(reason), hosts }));
    return connectPart(page, part, answer.reasons.length);
  }

  @ResolveField('cohorts')
  async cohorts(@Parent() { answer }: FleetVerdictParent, @Args() args: PageArguments) {
    const { condition, ages, asOf } = answer;
    const part = toPart(args);
    const { rows, total } = await this.cohortsOf(answer, part);
    const [labels, patches, examples] = await Promise.all([
      this.labels.load([...new Set(rows.map((cohort) => cohort.labelSetId))]),
      this.patches(rows, answer),
      // some of the members, at the instant of the question or a moment later
      this.store.examples(rows, condition, ages, asOf),
    ]);
    return connectPart(
      rows.map((cohort, i) => cohortView(cohort, examples[i]!, answer, labels, patches)),
      part,
      total,
    );
  }

  /** Only the hosts of situations whose answer is of that kind, or has that reason. */
  @ResolveField('hosts')
  async hosts(@Parent() { answer }: FleetVerdictParent, @Args() args: PageArguments & { kind?: VerdictKind | null; code?: string | null }) {
    const page = toPage(args, 2);
    const { situations, condition, moment, ages, view } = answer;
    const wanted = situations.filter(
      ({ verdict }) =>
        (args.kind == null || verdict.kind === args.kind) && (args.code == null || verdict.reasons.some((reason: Reason) => reason.code === args.code)),
    );
    const total = wanted.reduce((sum, { count }) => sum + count.hosts, 0);
    const only = wanted.length === situations.length ? null : { circumstances: wanted.map(({ count }) => count), ages, hosts: total };
    const place = { after: page.key as [string, string] | null, backwards: page.backwards, limit: page.size + 1 };
    const rows = wanted.length === 0 ? [] : await this.hostsStore.page(condition, place, moment, only);
    const views = await this.hostsOf.view(rows, { moment, catalog: view.revision }, view);
    const verdicts = views.map((host) => ({ host, verdict: verdictView(answer.judging.judge(circumstancesOf(host.row, ages))) }));
    return connect(verdicts, page, total, ({ host }) => [host.row.hostname, host.row.id]);
  }

  private async cohortsOf({ cohorts, condition, ages, moment, ranked }: FleetAnswer, { from, size }: Part) {
    if (cohorts !== null) return { rows: cohorts.slice(from, from + size), total: cohorts.length };
    return this.store.cohorts(condition, ages, moment, ranked, { from, limit: size });
  }

  private async patches(cohorts: readonly CohortRow[], { judging, view }: FleetAnswer) {
    const listed = cohorts.flatMap(({ situationId }) => (situationId === null ? [] : (judging.situations.get(situationId)?.list ?? [])));
    const rows = await view.find(listed.flatMap(({ buildId }) => buildId ?? []));
    return new Map(rows.map((row) => [row.buildId, patchView(row)]));
  }
}

function cohortView(
  cohort: CohortRow,
  examples: readonly string[],
  { judging }: FleetAnswer,
  labels: ReadonlyMap<string, Labels>,
  patches: Parameters<typeof stackView>[2],
) {
  const situation = cohort.situationId === null ? undefined : judging.situations.get(cohort.situationId);
  return {
    hosts: cohort.hosts,
    kernelRelease: situation?.kernelRelease ?? null,
    arch: situation?.arch ?? null,
    stack: stackView(situation, judging.catalog, patches),
    labels: labelViews(labels.get(cohort.labelSetId) ?? {}),
    freshness: cohort.level,
    verdict: verdictView(judging.judge(cohort)),
    examples,
  };
}

/** Is this field of the answer selected? A guess where fragments hide it: no. */
const asksFor = (field: string, info: GraphQLResolveInfo | undefined): boolean =>
  info?.fieldNodes.some((node) => node.selectionSet?.selections.some((selection) => selection.kind === Kind.FIELD && selection.name.value === field)) ?? false;
