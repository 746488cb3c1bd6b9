import { Inject } from '@nestjs/common';
import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { Question, Verdict } from '@klpreg/compat';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { limitExceeded, RequestError } from '../errors.js';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import { CatalogStore } from '../store/catalog/catalog.store.js';
import { type DriftCount, DriftStore, type FreshnessAt } from '../store/history/drift.store.js';
import { Replica } from '../store/history/replica.js';
import type { FreshnessKey } from '../store/hosts/hosts-at.js';
import { CohortVerdicts, freshnessLimitsAt } from './cohort-verdicts.js';
import { type Connection, connectPart, type PageArguments, toPart } from './connection.js';
import { type Drifted, type DriftedGroup, groupDrifted, transitionsOf } from './drift-groups.js';
import { selectsWithin, toCondition } from './filter.js';
import type * as Sdl from './generated/schema.js';
import { narrow } from './narrow.js';
import { type AskedTarget, toQuestion, toTarget } from './question.js';
import { type RequestContext, scopeOf } from './sender.js';
import { catalogOf, refuseForgotten, snapshotView, toAskedTime } from './snapshot.js';
import { checkTime } from './time-limit.js';
import { verdictView } from './verdict-view.js';

/** A drift with its groups, which its resolver pages. */
export type DriftParent = Omit<Sdl.Drift, 'groups'> & { readonly changed: readonly DriftedGroup[] };

/** The maximum number of different changes of facts in one answer. */
const MAX_CHANGES = 50_000;

/** The fleet and the catalog at one of the two instants. */
interface Instant extends FreshnessAt {
  readonly view: CatalogSnapshot;
  readonly asked: AskedTarget;
}

/** Answers `drift`. */
@Resolver('Drift')
export class DriftResolver {
  constructor(
    private readonly store: DriftStore,
    private readonly cohortVerdicts: CohortVerdicts,
    private readonly catalog: CatalogStore,
    private readonly replica: Replica,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Query('drift')
  async drift(@Args() args: Sdl.QueryDriftArgs, @Context() context: RequestContext): Promise<DriftParent> {
    const { from, until } = args;
    const where = args.where ?? {};
    const now = this.clock.now();
    if (from >= (until ?? now))
      throw new RequestError(
        'BAD_USER_INPUT',
        '`from` must be before `until`, which is now if it is left out',
      );
    // a drift is a change of facts, so that no policy counts
    const question = toQuestion(args, this.config.intervalSeconds, null);
    const [before, after] = await Promise.all([
      this.instant(from, args.to, question, now),
      this.instant(until ?? null, args.to, question, now),
    ]);
    const condition = toCondition(where, scopeOf(context), before.asOf);
    refuseForgotten(where.changedSince, before.asOf, this.config);
    const found = await this.store.counts(condition, before, after, MAX_CHANGES + 1);
    const rows = await this.narrowed(found, where, before, after);
    if (found.length > MAX_CHANGES) throw limitExceeded('different changes of facts', MAX_CHANGES, 'more');
    checkTime(context);
    const keys = (which: 'before' | 'after') => rows.flatMap((row) => row[which] ?? []);
    const [verdictsBefore, verdictsAfter, withCatalog] = await Promise.all([
      this.judge(keys('before'), before, question),
      this.judge(keys('after'), after, question),
      this.judge(keys('before'), after, question),
    ]);
    const matched = rows.flatMap(({ before: was, after: is, ...row }) =>
      was === null || is === null ? [] : [{ ...row, before: was, after: is, mixed: mixed(was, is) }],
    );
    checkTime(context);
    const withFreshness = await this.judge(
      matched.map((row) => row.mixed),
      after,
      question,
    );
    checkTime(context);
    const drifted: Drifted[] = matched.map(({ mixed: key, ...row }) => ({
      ...row,
      verdictBefore: verdictsBefore.get(row.before)!,
      verdictAfter: verdictsAfter.get(row.after)!,
      withCatalog: withCatalog.get(row.before)!,
      withFreshness: withFreshness.get(key)!,
    }));
    const { situations } = await this.cohortVerdicts.load(
      [...keys('before'), ...keys('after')].map(({ situationId }) => situationId),
      after.asked,
      question.routes?.includes('BRIDGE') === true,
      after.view,
    );
    const kindIn = (verdicts: ReadonlyMap<FreshnessKey, Verdict>, key: FreshnessKey | null) =>
      key === null ? null : verdicts.get(key)!.kind;
    return {
      matched: sum(rows),
      lost: sum(drifted.filter((row) => row.verdictBefore.accepted && !row.verdictAfter.accepted)),
      won: sum(drifted.filter((row) => !row.verdictBefore.accepted && row.verdictAfter.accepted)),
      transitions: transitionsOf(
        rows.map((row) => ({
          before: kindIn(verdictsBefore, row.before),
          after: kindIn(verdictsAfter, row.after),
          hosts: row.hosts,
        })),
      ),
      limitedByScope: !selectsWithin(where, scopeOf(context)),
      before: snapshotView({ snapshotId: null, pinned: before.asOf, view: before.view, policy: null }),
      after: snapshotView({ snapshotId: null, pinned: after.asOf, view: after.view, policy: null }),
      changed: groupDrifted(drifted, situations),
    };
  }

  @ResolveField('groups')
  groups(@Parent() { changed }: DriftParent, @Args() args: PageArguments): Connection<Sdl.DriftGroup> {
    const part = toPart(args);
    return connectPart(changed.slice(part.from, part.from + part.size).map(groupView), part, changed.length);
  }

  /** Leaves out what does not have the properties of the filter: at an instant, or at both. */
  private async narrowed(
    rows: readonly DriftCount[],
    where: Sdl.HostFilter,
    before: Instant,
    after: Instant,
  ): Promise<DriftCount[]> {
    const keysWith = async (keys: readonly (FreshnessKey | null)[], { view }: Instant) => {
      const all = keys.flatMap((key) => (key === null ? [] : { freshnessKey: key, hosts: 0 }));
      const kept = await narrow({ rows: all, cohorts: null }, where, view, this.cohortVerdicts);
      return new Set<FreshnessKey | null>(kept.rows.map(({ freshnessKey }) => freshnessKey));
    };
    const [was, is] = await Promise.all([
      keysWith(
        rows.map((row) => row.before),
        before,
      ),
      keysWith(
        rows.map((row) => row.after),
        after,
      ),
    ]);
    return rows
      .map((row) => ({
        ...row,
        before: was.has(row.before) ? row.before : null,
        after: is.has(row.after) ? row.after : null,
      }))
      .filter((row) => row.before !== null || row.after !== null);
  }

  /** @param then null: the present */
  private async instant(
    then: Date | null,
    to: Sdl.TargetInput,
    question: Question,
    now: Date,
  ): Promise<Instant> {
    const { maxAgeSeconds } = question;
    const asked = toAskedTime({ asOf: then }, maxAgeSeconds, this.config, now);
    const [asOf, view] = await Promise.all([this.replica.pin(asked.asOf), catalogOf(this.catalog, asked)]);
    const limits = freshnessLimitsAt(asked.asOf.now, this.config.intervalSeconds, maxAgeSeconds);
    return { asOf, limits, view, asked: await targetThen(to, view, then) };
  }

  private async judge(
    keys: readonly FreshnessKey[],
    { asked, view }: Instant,
    question: Question,
  ): Promise<Map<FreshnessKey, Verdict>> {
    return this.cohortVerdicts.judge(keys, asked, question, view);
  }
}

/** Says at which instant a target does not exist. */
async function targetThen(
  to: Sdl.TargetInput,
  view: CatalogSnapshot,
  then: Date | null,
): Promise<AskedTarget> {
  try {
    return await toTarget(to, view);
  } catch (error) {
    if (!(error instanceof RequestError) || then === null) throw error;
    throw new RequestError(error.code, `as of ${then.toISOString()}: ${error.message}`, error.problems);
  }
}

/** The facts of before with the freshness of after. */
const mixed = (before: FreshnessKey, after: FreshnessKey): FreshnessKey => ({
  ...after,
  situationId: before.situationId,
  suspect: before.suspect,
});

const sum = (rows: readonly { readonly hosts: number }[]): number =>
  rows.reduce((hosts, row) => hosts + row.hosts, 0);

const groupView = (group: DriftedGroup): Sdl.DriftGroup => {
  const { largest, hosts, cause, runsBefore, runs, kernelBefore, kernel } = group;
  return {
    hosts,
    cause,
    runsBefore,
    runs,
    kernelBefore,
    kernel,
    before: verdictView(largest.verdictBefore, null),
    after: verdictView(largest.verdictAfter, null),
    examples: largest.examples,
  };
};
