import { Args, Context, Query, Resolver } from '@nestjs/graphql';
import { loadedName, type Situation } from '@klpreg/compat';
import { limitExceeded, RequestError } from '../errors.js';
import { PatchesStore } from '../store/catalog/patches.store.js';
import type { Scope } from '../store/access/tokens.store.js';
import { buildIdsOf } from './cohort-verdicts.js';
import type { GroupedCohorts } from './cohort-groups.js';
import { Fleet, type FleetAnswer } from './fleet.js';
import type { FleetParent } from './fleet-ages.resolver.js';
import { inRange } from './in-range.js';
import { stackText, summariseFleet } from './fleet-summary.js';
import type * as Sdl from './generated/schema.js';
import { Parts } from './parts.js';
import { type RequestContext, scopeOf } from './sender.js';
import { snapshotView } from './snapshot.js';
import { checkTime } from './time-limit.js';

/** What stands for the list of hosts that never reported. */
const NEVER_REPORTED = '(never reported)';

/** The maximum number of rows of `verdictCounts`. */
const MAX_ROWS = 1_000;
const MAX_TRIES = 20;
const MAX_CANARIES = 100;

/** Answers the questions about the fleet that add up the verdicts or the facts of all hosts. */
@Resolver()
export class FleetResolver {
  constructor(
    private readonly fleet: Fleet,
    private readonly parts: Parts,
    private readonly patches: PatchesStore,
  ) {}

  @Query('verdictCounts')
  async verdictCounts(
    @Args() args: Sdl.QueryVerdictCountsArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.VerdictCount[]> {
    const answer = await this.fleet.ask(args, scopeOf(context), true);
    const by = args.by ?? [];
    const labels = args.labels ?? [];
    const groups = await this.fleet.grouped(answer, { by, labels });
    const { situations } = await this.fleet.load(
      answer,
      groups.map(({ largest }) => largest.freshnessKey.situationId),
    );
    const verdicts = await this.fleet.verdicts(
      answer,
      groups.map(({ largest }) => largest.freshnessKey),
    );
    const rows = new Map<string, Sdl.VerdictCount>();
    for (const group of groups) {
      const empty = emptyRow(group, situations, by, labels, answer.limitedByScope);
      // by what is shown: a transition and a settled list have the same names
      const key = JSON.stringify(Object.values(empty));
      const row = rows.get(key) ?? empty;
      const { kind, accepted } = verdicts.get(group.largest.freshnessKey)!;
      const field = kind.toLowerCase() as Lowercase<typeof kind>;
      rows.set(key, {
        ...row,
        [field]: row[field] + group.hosts,
        total: row.total + group.hosts,
        accepted: row.accepted + (accepted ? group.hosts : 0),
      });
    }
    if (rows.size > MAX_ROWS) throw limitExceeded('rows', MAX_ROWS, rows.size);
    return [...rows.values()].toSorted((a, b) => b.total - a.total || (a.group < b.group ? -1 : 1));
  }

  @Query('fleet')
  async summary(@Args() args: Sdl.QueryFleetArgs, @Context() context: RequestContext): Promise<FleetParent> {
    const answer = await this.askAnything(args, scopeOf(context));
    const counts = answer.situations.map(({ count }) => count);
    const { situations } = await this.fleet.load(
      answer,
      counts.map(({ freshnessKey }) => freshnessKey.situationId),
    );
    const published = await answer.view.find([...situations.values()].flatMap(buildIdsOf));
    return {
      ...summariseFleet(counts, situations, new Map(published.map((row) => [row.buildId, row]))),
      limitedByScope: answer.limitedByScope,
      snapshot: snapshotView({ ...answer, snapshotId: null }),
      answer,
    };
  }

  @Query('newestSafe')
  async newestSafe(
    @Args() { tries, ...question }: Sdl.QueryNewestSafeArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.NewestSafe> {
    const most = inRange('tries', tries ?? 10, MAX_TRIES);
    const { releases, total } = await this.patches.newestReleases(most);
    const tried: Sdl.TriedRelease[] = [];
    for (const { release, publishedAt } of releases) {
      checkTime(context);
      const { counts, why } = await this.tryRelease(release, question, scopeOf(context));
      tried.push({ release, publishedAt, counts, why });
      if (why === null) return { release, tried, untried: total - tried.length };
    }
    return { release: null, tried, untried: total - tried.length };
  }

  @Query('canary')
  async canary(
    @Args() { where, size }: Sdl.QueryCanaryArgs,
    @Context() context: RequestContext,
  ): Promise<Sdl.Canary> {
    const most = inRange('size', size ?? 20, MAX_CANARIES);
    const answer = await this.askAnything({ where }, scopeOf(context), true);
    const all = await this.fleet.grouped(answer, { by: ['STACK', 'KERNEL'], labels: [], builds: true });
    // nothing is known of what runs on a host that never reported
    const groups = byProperties(all.filter(({ largest }) => largest.freshnessKey.situationId !== null));
    const chosen = groups.slice(0, most);
    const { situations } = await this.fleet.load(
      answer,
      chosen.map(({ largest }) => largest.freshnessKey.situationId),
    );
    const largest = chosen.map((group) => group.largest);
    const examples = await this.parts.examples(answer, largest, answer.pinned);
    const hosts = chosen.flatMap(({ hosts: represents, largest }, i) => {
      const hostname = examples[i]?.[0];
      const situation = situationOf(largest.freshnessKey.situationId, situations);
      if (hostname === undefined || situation === undefined) return [];
      const { kernelRelease, arch } = situation;
      return [{ hostname, kernelRelease, arch, runs: namesOf(situation), represents }];
    });
    const represented = hosts.reduce((sum, { represents }) => sum + represents, 0);
    return {
      hosts,
      represented,
      leftOut: answer.counts.total - represented,
      stacks: groups.length,
      limitedByScope: answer.limitedByScope,
    };
  }

  /** The fleet's facts depend neither on the question nor on the policy, so that any will do. */
  private async askAnything(
    args: Pick<Sdl.QueryFleetArgs, 'where' | 'asOf'>,
    scope: Scope | null,
    withCohorts = false,
  ): Promise<FleetAnswer> {
    return this.fleet.ask({ ...args, to: { original: true } }, scope, withCohorts, { policy: null });
  }

  private async tryRelease(
    release: string,
    question: Omit<Sdl.QueryNewestSafeArgs, 'tries'>,
    scope: Scope | null,
  ): Promise<Pick<Sdl.TriedRelease, 'counts' | 'why'>> {
    try {
      const { counts, limitedByScope } = await this.fleet.ask({ ...question, to: { release } }, scope);
      const others = counts.total - counts.accepted;
      const why =
        counts.total === 0
          ? 'no host matches'
          : others > 0
            ? `${others} of ${counts.total} hosts have no accepted verdict`
            : limitedByScope
              ? 'the scope of the token may hide hosts that match'
              : null;
      return { counts, why };
    } catch (error) {
      // a replica may not have a release yet that was published a moment ago
      if (error instanceof RequestError && ['AMBIGUOUS', 'NOT_FOUND'].includes(error.code))
        return { counts: null, why: error.message };
      throw error;
    }
  }
}

/** A host of the fresh part of a group is a better canary; of two such parts, one of the larger. */
function isBetterCanary(one: GroupedCohorts, other: GroupedCohorts): boolean {
  const isFresh = ({ largest: { freshnessKey } }: GroupedCohorts) =>
    freshnessKey.level === 'FRESH' && !freshnessKey.suspect && !freshnessKey.superseded;
  if (isFresh(one) !== isFresh(other)) return isFresh(one);
  return one.largest.hosts > other.largest.hosts;
}

/** Merges groups that differ only in the answer. The largest comes first. */
function byProperties(groups: readonly GroupedCohorts[]): GroupedCohorts[] {
  const merged = new Map<string, GroupedCohorts>();
  for (const group of groups) {
    const other = merged.get(group.properties);
    const larger = other !== undefined && !isBetterCanary(group, other) ? other : group;
    merged.set(group.properties, { ...larger, hosts: group.hosts + (other?.hosts ?? 0) });
  }
  return [...merged.values()].toSorted((a, b) => b.hosts - a.hosts || (a.properties < b.properties ? -1 : 1));
}

const situationOf = (id: string | null, situations: ReadonlyMap<string, Situation>): Situation | undefined =>
  id === null ? undefined : situations.get(id);

const namesOf = (situation: Situation | undefined): string[] =>
  (situation?.list ?? []).map(({ name }) => loadedName(name));

/** The properties of a group, with no hosts yet. */
function emptyRow(
  { largest: { freshnessKey }, labels: values }: GroupedCohorts,
  situations: ReadonlyMap<string, Situation>,
  by: readonly Sdl.CohortKey[],
  labels: readonly string[],
  limitedByScope: boolean,
): Sdl.VerdictCount {
  const { situationId, level } = freshnessKey;
  const situation = situationOf(situationId, situations);
  const names = situation === undefined ? NEVER_REPORTED : stackText(namesOf(situation));
  const stack = by.includes('STACK') ? names : null;
  const { kernelRelease = null, arch = null } = by.includes('KERNEL') ? (situation ?? {}) : {};
  const freshness = by.includes('FRESHNESS') ? (level === 'AHEAD' ? 'LOST' : level) : null;
  const labelText = labels.length === 0 ? null : labels.map((key) => `${key}=${values[key] ?? ''}`).join(' ');
  const group = [stack, kernelRelease, arch, freshness, labelText].filter((part) => part !== null).join(', ');
  return {
    group: group === '' ? 'all' : group,
    stack,
    kernelRelease,
    arch,
    freshness,
    labels: labelText,
    safe: 0,
    unknown: 0,
    unsafe: 0,
    refused: 0,
    total: 0,
    accepted: 0,
    limitedByScope,
  };
}
