import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { type Catalog, type ListedPatch, resolvePatch } from '@klpreg/compat';
import { LabelsStore } from '../store/content/labels.store.js';
import { SituationsStore } from '../store/content/situations.store.js';
import { type HostInterval, HostIntervalsStore } from '../store/history/host-intervals.store.js';
import { readSender } from '../store/hosts/report-sender.js';
import { buildIdsOf } from './cohort-verdicts.js';
import { type Connection, connect, toPage } from './connection.js';
import type * as Sdl from './generated/schema.js';
import { differenceOf, type KnownInterval, missingFrom } from './host-difference.js';
import { type HostView, labelViews } from './host-view.js';
import { patchView } from './patch-view.js';
import { type RequestContext, scopeOf } from './sender.js';
import { listedView, type Patches } from './stack-view.js';

/** Answers `changes` of a host. */
@Resolver('Host')
export class HostHistoryResolver {
  constructor(
    private readonly intervals: HostIntervalsStore,
    private readonly situations: SituationsStore,
    private readonly labels: LabelsStore,
  ) {}

  @ResolveField('changes')
  async changes(
    @Parent() { row, asOf, view }: HostView,
    @Args() { from = null, until = null, ...args }: Sdl.HostChangesArgs,
    @Context() context: RequestContext,
  ): Promise<Connection<Sdl.HostChange>> {
    const scope = scopeOf(context);
    const page = toPage(args, ['number', 'number']);
    const end = asOf.past && (until === null || until > asOf.now) ? asOf.now : until;
    const after = page.key as [string, string] | null;
    // with the one after the page, and the one before that
    const place = { until: end, after, limit: page.size + 2 };
    const [found, total] = await Promise.all([
      this.intervals.page(row.id, place, scope, asOf),
      this.intervals.count(row.id, from, end, scope, asOf),
    ]);
    const known = await this.know(found);
    const patches = await view.find(
      known.flatMap(({ situation }) => (situation ? buildIdsOf(situation) : [])),
    );
    const catalog = await view.catalog([], patches);
    const views = new Map(patches.map((patch) => [patch.buildId, patchView(patch)]));
    const changes = known
      .map((one, i) => ({ one, before: directlyBefore(one, known[i + 1]) }))
      .filter(({ one }) => from === null || one.interval.until === null || one.interval.until > from)
      .slice(0, page.size + 1)
      .map(({ one, before }) => ({
        key: keyOf(one.interval),
        view: changeView(one, before, catalog, views),
      }));
    const { edges, ...rest } = connect(changes, page, total, ({ key }) => key);
    return {
      ...rest,
      edges: edges.map(({ cursor, node }) => ({ cursor, node: node.view })),
      nodes: edges.map(({ node }) => node.view),
    };
  }

  private async know(found: readonly HostInterval[]): Promise<KnownInterval[]> {
    const [situations, labels] = await Promise.all([
      this.situations.load([...new Set(found.flatMap(({ situationId }) => situationId ?? []))]),
      this.labels.load([...new Set(found.map(({ labelSetId }) => labelSetId))]),
    ]);
    return found.map((interval) => ({
      interval,
      situation: interval.situationId === null ? null : (situations.get(interval.situationId) ?? null),
      labels: labels.get(interval.labelSetId) ?? {},
    }));
  }
}

/** A period that does not end where the next begins is followed by others, which this token does not see. */
const directlyBefore = (one: KnownInterval, earlier: KnownInterval | undefined): KnownInterval | null =>
  earlier?.interval.until?.getTime() === one.interval.from.getTime() ? earlier : null;

const keyOf = ({ from, openedBy }: HostInterval): [string, string] => [
  String(from.getTime()),
  String(openedBy),
];

function changeView(
  one: KnownInterval,
  before: KnownInterval | null,
  catalog: Catalog,
  patches: Patches,
): Sdl.HostChange {
  const { interval, situation, labels } = one;
  const listed = (list: readonly ListedPatch[]) =>
    list.map((patch) => listedView(resolvePatch(patch, catalog), patch, patches));
  return {
    at: interval.from,
    until: interval.until,
    what: differenceOf(before, one),
    sequence: interval.sequence,
    sender: readSender(interval.sentBy),
    bootId: interval.bootId,
    kernelRelease: situation?.kernelRelease ?? null,
    stack: listed(situation?.list ?? []),
    came: before === null ? [] : listed(missingFrom(situation, before.situation)),
    left: before === null ? [] : listed(missingFrom(before.situation, situation)),
    labels: labelViews(labels),
    suspect: interval.suspect,
    retired: interval.retired,
  };
}
