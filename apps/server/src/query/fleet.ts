import { Inject, Injectable } from '@nestjs/common';
import { isWorse, type Question, type Verdict, type VerdictKind, withAge } from '@klpreg/compat';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { limitExceeded } from '../errors.js';
import { CatalogStore } from '../store/catalog/catalog.store.js';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import type { Condition } from '../store/hosts/condition.js';
import type { Scope } from '../store/access/tokens.store.js';
import { EpochsStore } from '../store/history/epochs.store.js';
import { type WaiverRow, WaiversStore } from '../store/records/waivers.store.js';
import type { CohortGroup, CohortRow, SituationCount } from '../store/counts/fleet-counts.js';
import { FleetStore, type Ranked } from '../store/counts/fleet.store.js';
import { type Labels, LabelsStore } from '../store/content/labels.store.js';
import type { FreshnessKey, FreshnessLimits } from '../store/hosts/hosts-at.js';
import type { HostRow } from '../store/hosts/hosts.store.js';
import type { AsOf } from '../store/history/as-of.js';
import { Replica } from '../store/history/replica.js';
import { selectsWithin, toCondition } from './filter.js';
import { type CohortFacts, type Grouping, groupCohorts, type GroupedCohorts } from './cohort-groups.js';
import { pageOf } from './cohort-page.js';
import { freshnessLimitsAt, CohortVerdicts, freshnessKeyOf, type Loaded } from './cohort-verdicts.js';
import type { QueryCanDowngradeArgs, TargetInput, VerdictCounts } from './generated/schema.js';
import { type AskedTarget, type QuestionArguments, toQuestion, toTarget } from './question.js';
import { type CountedReason, countReasons, type JudgedSituation } from './reason-counts.js';
import { applicableWaivers, withWaivers } from './records/used-waivers.js';
import {
  catalogOf,
  inEpoch,
  isKnownOfThePast,
  refuseUnknownAges,
  toAskedTime,
  toSnapshotId,
} from './snapshot.js';

/** The answer for all hosts that match, before its lists are paged. */
export interface FleetAnswer {
  readonly kind: VerdictKind;
  /** The scope may hide hosts that the question is about. */
  readonly limitedByScope: boolean;
  readonly counts: VerdictCounts;
  readonly reasons: readonly CountedReason[];
  /** In no order. */
  readonly situations: readonly JudgedSituation[];
  /** All cohorts, in no order, if there are few. Null: they are loaded by page. */
  readonly cohorts: readonly CohortGroup[] | null;
  readonly view: CatalogSnapshot;
  readonly condition: Condition;
  /** Labels that hosts report do not count in this question. */
  readonly authoritative: boolean;
  readonly limits: FreshnessLimits;
  /** The time that the question is about. */
  readonly asOf: AsOf;
  /** Pinned, so that everything that is loaded later is of the same instant. */
  readonly pinned: AsOf;
  /** Null if the question named an instant, or requests ages that are not kept. */
  readonly snapshotId: string | null;
  readonly asked: AskedTarget;
  readonly question: Question;
  /** The waivers that apply. The question allows their codes, too. */
  readonly waivers: readonly WaiverRow[];
  /** The codes that the question allows by itself. */
  readonly allowedByQuestion: readonly string[];
}

/** The maximum number of cohorts that one answer groups, and of labels by which it does. */
const MAX_GROUPED = 100_000;
const MAX_LABELS = 5;

const SEVERITIES = (
  ['SAFE', 'UNKNOWN', 'UNSAFE', 'REFUSED'] as const satisfies readonly VerdictKind[]
).toSorted((a, b) => (isWorse(a, b) ? -1 : 1));

/**
 * Answers questions about the fleet. It judges situations, not hosts: hosts in the same situation share a
 * verdict.
 */
@Injectable()
export class Fleet {
  constructor(
    private readonly store: FleetStore,
    private readonly cohortVerdicts: CohortVerdicts,
    private readonly labels: LabelsStore,
    private readonly catalog: CatalogStore,
    private readonly replica: Replica,
    private readonly epochs: EpochsStore,
    private readonly waiversStore: WaiversStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Answers for the hosts of the scope. If the question may be about others, too, the kind is UNKNOWN at
   * best.
   *
   * @param withCohorts loads the cohorts together with the counts if there are few
   */
  async ask(args: QueryCanDowngradeArgs, scope: Scope | null, withCohorts = false): Promise<FleetAnswer> {
    const asGiven = toQuestion(args, this.config.intervalSeconds);
    const condition = toCondition(args.where ?? {}, scope);
    const limitedByScope = !selectsWithin(args.where ?? {}, scope);
    const { asOf: requested, catalog } = toAskedTime(
      args,
      asGiven.maxAgeSeconds,
      this.config,
      this.clock.now(),
    );
    const asOf = await inEpoch(this.epochs, requested);
    // a waiver selects by authoritative labels, so it applies to no other question
    const active = args.where?.authoritativeLabels === true ? await this.waiversStore.activeAt(asOf.now) : [];
    const waivers = applicableWaivers(active, args);
    const question = withWaivers(asGiven, waivers);
    const limits = freshnessLimitsAt(asOf.now, this.config.intervalSeconds, question.maxAgeSeconds);
    const seen = await this.replica.pin(asOf);
    const { rows, cohorts, snapshot, revision, origin } = await this.store.counts(
      condition,
      limits,
      seen,
      withCohorts,
    );
    const view = asOf.past
      ? await catalogOf(this.catalog, { asOf, catalog })
      : await this.catalog.at(revision);
    const asked = await toTarget(args.to, view);
    const verdicts = await this.cohortVerdicts.judge(freshnessKeysIn(rows), asked, question, view);
    const situations = rows.map((count) => ({ count, verdict: verdicts.get(count.freshnessKey)! }));
    const pinned: AsOf = seen.past
      ? seen
      : { now: asOf.now, snapshot, past: true, pinned: true, epoch: origin.epoch };
    const again =
      (!asOf.past || asOf.snapshot !== null) && isKnownOfThePast(question.maxAgeSeconds, this.config);
    const snapshotId = !again
      ? null
      : toSnapshotId(asOf.now, pinned.snapshot!, view.revision, asOf.origin ?? origin);
    const summary = summarise(situations);
    return {
      ...summary,
      kind: limitedByScope && isWorse('UNKNOWN', summary.kind) ? 'UNKNOWN' : summary.kind,
      limitedByScope,
      situations,
      cohorts,
      view,
      condition,
      authoritative: args.where?.authoritativeLabels ?? false,
      limits,
      asOf,
      pinned,
      snapshotId,
      asked,
      question,
      waivers,
      allowedByQuestion: asGiven.allow,
    };
  }

  /** Returns the answer about the same hosts, at the same instant, for another target. */
  async retarget(answer: FleetAnswer, to: TargetInput): Promise<FleetAnswer> {
    const { question, view } = answer;
    const asked = await toTarget(to, view);
    const counts = answer.situations.map(({ count }) => count);
    const verdicts = await this.cohortVerdicts.judge(freshnessKeysIn(counts), asked, question, view);
    const situations = counts.map((count) => ({ count, verdict: verdicts.get(count.freshnessKey)! }));
    return { ...answer, ...summarise(situations), asked, situations };
  }

  /**
   * Returns a page of the cohorts of an answer, the worst verdict first, then the largest; and how many there
   * are.
   */
  async cohorts(
    { cohorts, condition, limits, pinned, situations }: FleetAnswer,
    from: number,
    limit: number,
  ): Promise<{ rows: CohortRow[]; total: number }> {
    if (cohorts === null)
      return this.store.cohorts(condition, limits, pinned, situations.map(toRanked), { from, limit });
    const kinds = new Map(situations.map(({ count, verdict }) => [count.freshnessKey, verdict.kind]));
    const lists: Record<VerdictKind, CohortGroup[]> = { SAFE: [], UNKNOWN: [], UNSAFE: [], REFUSED: [] };
    for (const group of cohorts) lists[kinds.get(group.freshnessKey)!].push(group);
    return pageOf(
      SEVERITIES.map((kind) => lists[kind]),
      from,
      limit,
    );
  }

  /** Returns the cohorts of an answer in groups, the worst verdict first, then the largest. */
  async grouped(answer: FleetAnswer, grouping: Grouping): Promise<GroupedCohorts[]> {
    if (grouping.labels.length > MAX_LABELS)
      throw limitExceeded('labels to group by', MAX_LABELS, grouping.labels.length, '/labels');
    const { rows, total } = await this.cohorts(answer, 0, MAX_GROUPED);
    if (total > MAX_GROUPED) throw limitExceeded('cohorts to group', MAX_GROUPED, total);
    const keys = rows.map(({ freshnessKey }) => freshnessKey);
    const [{ situations }, labels, verdicts] = await Promise.all([
      this.load(
        answer,
        keys.map(({ situationId }) => situationId),
      ),
      grouping.labels.length === 0
        ? new Map<string, Labels>()
        : this.labels.load([...new Set(rows.map(({ labelSetId }) => labelSetId))]),
      this.verdicts(answer, new Set(keys)),
    ]);
    const rankOf = ({ largest }: GroupedCohorts): number =>
      SEVERITIES.indexOf(verdicts.get(largest.freshnessKey)!.kind);
    const facts: CohortFacts = { situations, labels, authoritative: answer.authoritative, verdicts };
    const groups = await groupCohorts(rows, facts, grouping);
    return groups.toSorted((a, b) => rankOf(a) - rankOf(b) || b.hosts - a.hosts || (a.key < b.key ? -1 : 1));
  }

  /** Returns the verdicts for these freshness keys, by the question of this answer. */
  async verdicts(
    { asked, question, view }: FleetAnswer,
    freshnessKey: Iterable<FreshnessKey>,
  ): Promise<ReadonlyMap<FreshnessKey, Verdict>> {
    return this.cohortVerdicts.judge(freshnessKey, asked, question, view);
  }

  /** Loads these situations with the catalog of this answer. */
  async load({ asked, question, view }: FleetAnswer, situationIds: Iterable<string | null>): Promise<Loaded> {
    return this.cohortVerdicts.load(situationIds, asked, question, view);
  }

  /** Returns the verdict for one host as of this time, by this catalog. */
  async judgeHost(
    host: HostRow,
    args: QuestionArguments,
    asOf: AsOf,
    view: CatalogSnapshot,
  ): Promise<Verdict> {
    const question = toQuestion(args, this.config.intervalSeconds);
    if (asOf.past && !asOf.pinned) refuseUnknownAges(question.maxAgeSeconds, this.config);
    const limits = freshnessLimitsAt(asOf.now, this.config.intervalSeconds, question.maxAgeSeconds);
    const known = freshnessKeyOf(host, limits);
    // the host was confirmed since then, so the age of the judged facts is not known
    const confirmedSince = asOf.pinned === true && host.confirmedAt !== null && host.confirmedAt >= asOf.now;
    const freshnessKey =
      confirmedSince && !isKnownOfThePast(question.maxAgeSeconds, this.config)
        ? { ...known, overdue: true }
        : known;
    const verdicts = await this.cohortVerdicts.judge(
      [freshnessKey],
      await toTarget(args.to, view),
      question,
      view,
    );
    return ofHost(verdicts.get(freshnessKey)!, host, asOf);
  }
}

/** Returns the verdict with the age of this host's facts, not with that of its cohort. */
export const ofHost = (verdict: Verdict, { confirmedAt }: HostRow, { now }: AsOf): Verdict =>
  confirmedAt === null || confirmedAt > now
    ? verdict
    : withAge(verdict, (now.getTime() - confirmedAt.getTime()) / 1000);

const toRanked = ({ count, verdict }: JudgedSituation): Ranked => ({
  freshnessKey: count.freshnessKey,
  rank: SEVERITIES.indexOf(verdict.kind),
});

const freshnessKeysIn = (rows: readonly SituationCount[]): FreshnessKey[] =>
  rows.map(({ freshnessKey }) => freshnessKey);

/** Sums up the verdicts. The kind is the worst of all hosts, and UNKNOWN without any host. */
function summarise(situations: readonly JudgedSituation[]): Pick<FleetAnswer, 'kind' | 'counts' | 'reasons'> {
  const counts = { safe: 0, unknown: 0, unsafe: 0, refused: 0, total: 0, harmful: 0, accepted: 0 };
  let kind: VerdictKind = 'SAFE';
  for (const { count, verdict } of situations) {
    counts[verdict.kind.toLowerCase() as Lowercase<VerdictKind>] += count.hosts;
    counts.total += count.hosts;
    if (verdict.harmful) counts.harmful += count.hosts;
    if (verdict.accepted) counts.accepted += count.hosts;
    if (isWorse(verdict.kind, kind)) kind = verdict.kind;
  }
  if (counts.total === 0)
    return { kind: 'UNKNOWN', counts, reasons: [{ reason: { code: 'NO_HOSTS_MATCHED' }, hosts: 0 }] };
  return { kind, counts, reasons: countReasons(situations) };
}
