import { Args, Context, Info, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { type GraphQLResolveInfo, Kind } from 'graphql';
import { kindOf, loadedName, type Reason, type ResolvedSituation } from '@klpreg/compat';
import type { CohortRow } from '../store/counts/fleet-counts.js';
import { type Labels, LabelsStore } from '../store/content/labels.store.js';
import type { Grouping } from './cohort-groups.js';
import { connect, connectPart, toPage, toPart } from './connection.js';
import { Fleet, type FleetAnswer, ofHost } from './fleet.js';
import type * as Sdl from './generated/schema.js';
import type { ResolversTypes } from './generated/schema.js';
import { toOrder } from './host-order.js';
import { Hosts } from './hosts.js';
import { Parts } from './parts.js';
import { partAt } from './policy-rules.js';
import { appliedPolicyView } from './policy-view.js';
import { usedWaivers } from './records/used-waivers.js';
import { type RequestContext, scopeOf } from './sender.js';
import { snapshotView } from './snapshot.js';
import { labelViews } from './host-view.js';
import { memoized } from '../memoized.js';
import { resolvedHost } from './resolved-host.js';
import { type Patches, patchesOf, stackView } from './stack-view.js';
import { reasonView, verdictView } from './verdict-view.js';

/** A fleet's answer, with its counts. The resolvers of its lists page them. */
export type FleetVerdictParent = Omit<Sdl.FleetVerdict, 'reasons' | 'cohorts' | 'hosts'> & {
  readonly answer: FleetAnswer;
};

/** A cohort's answer. Its examples are looked up only if they are selected, for the whole page at once. */
export type CohortParent = Omit<Sdl.CohortVerdict, 'examples'> & {
  readonly examples: () => Promise<readonly string[]>;
};

/** Answers `canDowngrade`. */
@Resolver('FleetVerdict')
export class CanDowngradeResolver {
  constructor(
    private readonly fleet: Fleet,
    private readonly parts: Parts,
    private readonly hostsOf: Hosts,
    private readonly labels: LabelsStore,
  ) {}

  @Query('canDowngrade')
  async canDowngrade(
    @Args() args: Sdl.QueryCanDowngradeArgs,
    @Context() context: RequestContext,
    @Info() info?: GraphQLResolveInfo,
  ): Promise<ResolversTypes['FleetVerdict']> {
    const answer = await this.fleet.ask(args, scopeOf(context), asksFor('cohorts', info));
    const { kind, limitedByScope, counts } = answer;
    return {
      whatIf: answer.asked.whatIf !== null,
      kind,
      counts,
      matched: counts.total,
      limitedByScope,
      waivers: usedWaivers(answer, answer.situations),
      policy: appliedPolicyView(answer),
      snapshot: snapshotView(answer),
      answer,
    };
  }

  @ResolveField('reasons')
  reasons(
    @Parent() { answer }: FleetVerdictParent,
    @Args() { kind, code, ...args }: Sdl.FleetVerdictReasonsArgs,
  ): ResolversTypes['ReasonCountConnection'] {
    const reasons = answer.reasons.filter(
      ({ reason }) => (kind == null || kindOf(reason) === kind) && (code == null || reason.code === code),
    );
    const part = toPart(args, reasons.length);
    const page = reasons
      .slice(part.from, part.from + part.size)
      .map(({ reason, hosts }) => ({ reason: reasonView(reason), hosts }));
    return connectPart(page, part, reasons.length);
  }

  @ResolveField('cohorts')
  async cohorts(
    @Parent() { answer }: FleetVerdictParent,
    @Args() args: Sdl.FleetVerdictCohortsArgs,
  ): Promise<ResolversTypes['CohortVerdictConnection']> {
    const part = toPart(args);
    const grouping = toGrouping(args);
    const groups = grouping === null ? null : await this.fleet.grouped(answer, grouping);
    const page = groups?.slice(part.from, part.from + part.size);
    const { rows, total } =
      page === undefined
        ? await this.fleet.cohorts(answer, part.from, part.size)
        : { rows: page.map(({ largest, hosts }) => ({ ...largest, hosts })), total: groups!.length };
    const [labels, loaded, verdicts] = await Promise.all([
      this.labels.load([...new Set(rows.map((cohort) => cohort.labelSetId))]),
      this.fleet.load(
        answer,
        rows.map(({ freshnessKey }) => freshnessKey.situationId),
      ),
      this.fleet.verdicts(
        answer,
        rows.map(({ freshnessKey }) => freshnessKey),
      ),
    ]);
    const { situations, catalog } = loaded;
    const buildIds = [...situations.values()].flatMap(({ list }) => list.flatMap((p) => p.buildId ?? []));
    const patches = patchesOf(await answer.view.find(buildIds));
    const examples = memoized(async () => this.parts.examples(answer, rows, answer.asOf));
    const views = rows.map((row, i) => ({
      ...narrowed(
        cohortView(
          row,
          resolvedHost(row.freshnessKey, situations, catalog, answer.view),
          verdictView(verdicts.get(row.freshnessKey)!, partAt(answer.parts, row.freshnessKey).rule),
          labels,
          patches,
        ),
        grouping,
        page?.[i]?.labels,
      ),
      // looked up at the instant of the question or shortly after
      examples: async () => (await examples())[i]!,
    }));
    return connectPart(views, part, total);
  }

  /** Pages the hosts of situations whose verdict has that kind and that reason. */
  @ResolveField('hosts')
  async hosts(
    @Parent() { answer }: FleetVerdictParent,
    @Args() args: Sdl.FleetVerdictHostsArgs,
  ): Promise<ResolversTypes['HostVerdictConnection']> {
    const order = toOrder(null, { past: false });
    const page = toPage(args, order.parts);
    const { situations, pinned, view, parts } = answer;
    const wanted = situations.filter(
      ({ verdict }) =>
        (args.kind == null || verdict.kind === args.kind) &&
        (args.code == null || verdict.reasons.some((reason: Reason) => reason.code === args.code)),
    );
    const total = wanted.reduce((sum, { count }) => sum + count.hosts, 0);
    const place = {
      after: order.afterOf(page),
      backwards: page.backwards,
      limit: page.size + 1,
    };
    const rows = await this.parts.hosts(answer, wanted, place);
    const views = await this.hostsOf.view(rows, { asOf: pinned, catalog: view.revision }, view);
    const keys = views.map((host) => this.fleet.freshnessKey(answer, host.row));
    const verdicts = await this.fleet.verdicts(answer, keys);
    const judged = views.map((host, i) => ({
      host,
      verdict: verdictView(ofHost(verdicts.get(keys[i]!)!, host.row, pinned), partAt(parts, keys[i]!).rule),
    }));
    return connect(judged, page, total, ({ host }) => order.keyOf(host));
  }
}

/** Answers `examples` of a cohort. */
@Resolver('CohortVerdict')
export class CohortResolver {
  @ResolveField('examples')
  async examples(@Parent() cohort: CohortParent): Promise<Sdl.CohortVerdict['examples']> {
    return cohort.examples();
  }
}

/** Returns how the cohorts of an answer are grouped. Null: they are not. */
const toGrouping = ({ by, labels }: Sdl.FleetVerdictCohortsArgs): Grouping | null =>
  by == null && labels == null ? null : { by: by ?? [], labels: labels ?? [] };

/** Leaves out what the hosts of a group do not share. */
function narrowed(
  cohort: Omit<Sdl.CohortVerdict, 'examples'>,
  grouping: Grouping | null,
  labels: Labels = {},
): Omit<Sdl.CohortVerdict, 'examples'> {
  if (grouping === null) return cohort;
  const has = (key: Sdl.CohortKey) => grouping.by.includes(key);
  const kernel = has('KERNEL') ? {} : { kernelRelease: null, arch: null };
  return {
    ...cohort,
    ...kernel,
    runs: has('STACK') ? cohort.runs : null,
    stack: has('STACK') && has('KERNEL') ? cohort.stack : null,
    labels: labelViews(labels),
    freshness: has('FRESHNESS') ? cohort.freshness : null,
  };
}

function cohortView(
  { freshnessKey, labelSetId, hosts }: CohortRow,
  host: ResolvedSituation | null,
  verdict: Sdl.Verdict,
  labels: ReadonlyMap<string, Labels>,
  patches: Patches,
): Omit<Sdl.CohortVerdict, 'examples'> {
  const situation = host?.situation;
  return {
    hosts,
    kernelRelease: situation?.kernelRelease ?? null,
    arch: situation?.arch ?? null,
    runs: (situation?.list ?? []).map(({ name }) => loadedName(name)),
    stack: host === null ? [] : stackView(host, patches),
    labels: labelViews(labels.get(labelSetId) ?? {}),
    freshness: freshnessKey.level === 'AHEAD' ? 'LOST' : freshnessKey.level,
    verdict,
  };
}

/** Whether the question selects this field. It does not look into fragments. */
const asksFor = (field: string, info: GraphQLResolveInfo | undefined): boolean =>
  info?.fieldNodes.some((node) =>
    node.selectionSet?.selections.some(
      (selection) => selection.kind === Kind.FIELD && selection.name.value === field,
    ),
  ) ?? false;
