import { Inject } from '@nestjs/common';
import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { freshnessLimits, type Question, type Verdict } from '@klpreg/compat';
import type { PolicyRule } from '@klpreg/wire';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { limitExceeded, RequestError } from '../errors.js';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import { CatalogStore } from '../store/catalog/catalog.store.js';
import { type DriftCount, DriftStore, type FreshnessAt } from '../store/history/drift.store.js';
import { inScope } from '../store/hosts/condition.js';
import { Replica } from '../store/history/replica.js';
import type { FreshnessKey } from '../store/hosts/hosts-at.js';
import { CohortVerdicts, freshnessLimitsAt } from './cohort-verdicts.js';
import { type Connection, connectPart, type PageArguments, toPart } from './connection.js';
import { type Drifted, type DriftedGroup, groupDrifted, transitionsOf } from './drift-groups.js';
import { selectsWithin, toCondition } from './filter.js';
import type * as Sdl from './generated/schema.js';
import { narrow } from './narrow.js';
import { type AppliedPolicy, partIndex, splitByRule } from './policy-rules.js';
import { type AskedTarget, toQuestion, toTarget } from './question.js';
import { type RequestContext, scopeOf } from './sender.js';
import { catalogOf, refuseForgotten, snapshotView, toAskedTime } from './snapshot.js';
import { checkTime } from './time-limit.js';
import { verdictView } from './verdict-view.js';

/** A drift with its groups, which its resolver pages. */
export type DriftParent = Omit<Sdl.Drift, 'groups'> & {
  readonly changed: readonly DriftedGroup[];
  /** The rules of the policies at both times, by the parts of freshness keys. */
  readonly rulesBefore: readonly (PolicyRule | null)[];
  readonly rules: readonly (PolicyRule | null)[];
};

/** The maximum number of different changes of facts in one answer. */
const MAX_CHANGES = 50_000;

/** The fleet, the catalog and its policy at one of the two instants. */
interface Instant extends FreshnessAt {
  readonly view: CatalogSnapshot;
  readonly policy: AppliedPolicy | null;
  /** The rule and the question of each part of the fleet. */
  readonly rules: readonly (PolicyRule | null)[];
  readonly questions: readonly Question[];
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
    const [before, after] = await Promise.all([
      this.instant(from, args, now),
      this.instant(until ?? null, args, now),
    ]);
    const condition = toCondition(where, scopeOf(context), before.asOf);
    refuseForgotten(where.changedSince, before.asOf, this.config);
    const found = await this.store.counts(condition, before, after, MAX_CHANGES + 1);
    const rows = await this.narrowed(found, where, before, after);
    if (found.length > MAX_CHANGES) throw limitExceeded('different changes of facts', MAX_CHANGES, 'more');
    checkTime(context);
    const keys = (which: 'before' | 'after') => rows.flatMap((row) => row[which] ?? []);
    const matched = rows.flatMap(({ before: was, after: is, ...row }) =>
      was === null || is === null
        ? []
        : [{ ...row, before: was, after: is, moved: moved(was, is), mixed: mixed(was, is) }],
    );
    const movedKeys = matched.map((row) => row.moved);
    const mixedKeys = matched.map((row) => row.mixed);
    const [verdictsBefore, verdictsAfter, withPolicy, withCatalog, withFreshness] = await Promise.all([
      this.judge(keys('before'), before),
      this.judge(keys('after'), after),
      this.judge(movedKeys, { ...before, questions: after.questions }),
      this.judge(movedKeys, after),
      this.judge(mixedKeys, after),
    ]);
    checkTime(context);
    const drifted: Drifted[] = matched.map(({ moved: movedKey, mixed: mixedKey, ...row }) => ({
      ...row,
      verdictBefore: verdictsBefore.get(row.before)!,
      verdictAfter: verdictsAfter.get(row.after)!,
      withPolicy: withPolicy.get(movedKey)!,
      withCatalog: withCatalog.get(movedKey)!,
      withFreshness: withFreshness.get(mixedKey)!,
    }));
    const { situations } = await this.cohortVerdicts.load(
      [...keys('before'), ...keys('after')].map(({ situationId }) => situationId),
      after.asked,
      after.questions.some(({ routes }) => routes?.includes('BRIDGE') === true),
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
      before: snapshotView({
        snapshotId: null,
        pinned: before.asOf,
        view: before.view,
        policy: before.policy,
      }),
      after: snapshotView({ snapshotId: null, pinned: after.asOf, view: after.view, policy: after.policy }),
      changed: groupDrifted(drifted, situations),
      rulesBefore: before.rules,
      rules: after.rules,
    };
  }

  @ResolveField('groups')
  groups(@Parent() drift: DriftParent, @Args() args: PageArguments): Connection<Sdl.DriftGroup> {
    const { changed } = drift;
    const part = toPart(args);
    const page = changed.slice(part.from, part.from + part.size);
    return connectPart(
      page.map((group) => groupView(group, drift)),
      part,
      changed.length,
    );
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
  private async instant(then: Date | null, args: Sdl.QueryDriftArgs, now: Date): Promise<Instant> {
    // a shorter age of the policy is not known for the past
    const maxAgeSeconds = freshnessLimits(this.config.intervalSeconds).late;
    const asked = toAskedTime({ asOf: then }, maxAgeSeconds, this.config, now);
    const [asOf, view] = await Promise.all([this.replica.pin(asked.asOf), catalogOf(this.catalog, asked)]);
    const limits = freshnessLimitsAt(asked.asOf.now, this.config.intervalSeconds, maxAgeSeconds);
    const policy = await view.policy();
    const parts = splitByRule(policy, inScope(null));
    const question = { ...args, maxAge: maxAgeSeconds };
    return {
      asOf,
      limits,
      view,
      policy,
      parts: parts.map(({ condition }) => condition),
      rules: parts.map(({ rule }) => rule),
      questions: parts.map(({ rule }) => toQuestion(question, this.config.intervalSeconds, rule)),
      asked: await targetThen(args.to, view, then),
    };
  }

  /** Judges each freshness key by the question of its part. */
  private async judge(
    keys: readonly FreshnessKey[],
    { asked, view, questions }: Instant,
  ): Promise<Map<FreshnessKey, Verdict>> {
    const judged = await Promise.all(
      questions.map(async (question, i) => {
        const own = keys.filter((key) => partIndex(key) === i);
        return this.cohortVerdicts.judge(own, asked, question, view);
      }),
    );
    return new Map(judged.flatMap((verdicts) => [...verdicts]));
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

/** The facts of before, under the rule of after. */
const moved = (before: FreshnessKey, after: FreshnessKey): FreshnessKey => ({
  ...before,
  part: partIndex(after),
});

/** The facts of before with the freshness and the rule of after. */
const mixed = (before: FreshnessKey, after: FreshnessKey): FreshnessKey => ({
  ...after,
  situationId: before.situationId,
  suspect: before.suspect,
});

const sum = (rows: readonly { readonly hosts: number }[]): number =>
  rows.reduce((hosts, row) => hosts + row.hosts, 0);

const groupView = (
  group: DriftedGroup,
  { rulesBefore, rules }: Pick<DriftParent, 'rulesBefore' | 'rules'>,
): Sdl.DriftGroup => {
  const { largest, hosts, cause, runsBefore, runs, kernelBefore, kernel } = group;
  return {
    hosts,
    cause,
    runsBefore,
    runs,
    kernelBefore,
    kernel,
    before: verdictView(largest.verdictBefore, rulesBefore[partIndex(largest.before)]!),
    after: verdictView(largest.verdictAfter, rules[partIndex(largest.after)]!),
    examples: largest.examples,
  };
};
