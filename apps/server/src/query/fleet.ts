import { Inject, Injectable } from '@nestjs/common';
import { isWorse, type Verdict, type VerdictKind, withAge } from '@klpreg/compat';
import type { PolicyRule } from '@klpreg/wire';
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
import { type Labels, LabelsStore } from '../store/content/labels.store.js';
import type { FreshnessKey } from '../store/hosts/hosts-at.js';
import type { HostRow } from '../store/hosts/hosts.store.js';
import type { AsOf } from '../store/history/as-of.js';
import { Replica } from '../store/history/replica.js';
import { needsCurrentFacts, selectsWithin, toCondition } from './filter.js';
import { narrow } from './narrow.js';
import { type CohortFacts, type Grouping, groupCohorts, type GroupedCohorts } from './cohort-groups.js';
import { pageOf } from './cohort-page.js';
import { hasProperties } from './host-properties.js';
import { freshnessLimitsAt, CohortVerdicts, freshnessKeyOf, type Loaded } from './cohort-verdicts.js';
import { type CountedParts, Parts } from './parts.js';
import {
  type AppliedPolicy,
  judgeAlike,
  type Part,
  partAt,
  partIndex,
  partOf,
  ruleFor,
  splitByRule,
} from './policy-rules.js';
import type { QueryCanDowngradeArgs, TargetInput, VerdictCounts } from './generated/schema.js';
import { type AskedTarget, type QuestionArguments, toQuestion, toTarget } from './question.js';
import { addHosts, noHosts } from './verdict-counts.js';
import { type CountedReason, countReasons, type JudgedSituation } from './reason-counts.js';
import { applicableWaivers, withWaivers } from './records/used-waivers.js';
import {
  catalogOf,
  inEpoch,
  isKnownOfThePast,
  refuseForgotten,
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
  readonly policy: AppliedPolicy | null;
  /** The hosts by the rule of the policy that holds for them. Freshness keys name their part. */
  readonly parts: readonly Part[];
  readonly condition: Condition;
  /** The situations are not all that match the condition. */
  readonly narrowed: boolean;
  /** Labels that hosts report do not count in this question. */
  readonly authoritative: boolean;
  /** The time that the question is about. */
  readonly asOf: AsOf;
  /** Pinned, so that everything that is loaded later is of the same instant. */
  readonly pinned: AsOf;
  /** Null if the question named an instant, or requests ages that are not kept. */
  readonly snapshotId: string | null;
  readonly asked: AskedTarget;
  /** The waivers that apply. The questions also allow their codes. */
  readonly waivers: readonly WaiverRow[];
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
    private readonly parts: Parts,
    private readonly cohortVerdicts: CohortVerdicts,
    private readonly labels: LabelsStore,
    private readonly catalog: CatalogStore,
    private readonly replica: Replica,
    private readonly epochs: EpochsStore,
    private readonly waiversStore: WaiversStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** The policy of the last answer about the present, which is most likely that of the next one. */
  private lastPolicy: AppliedPolicy | null = null;

  /**
   * Answers for the hosts of the scope. If the question may also be about others, the kind is UNKNOWN at
   * best.
   *
   * @param withCohorts loads the cohorts together with the counts if there are few
   * @param given judges by this policy instead of the registry's own
   */
  async ask(
    args: QueryCanDowngradeArgs,
    scope: Scope | null,
    withCohorts = false,
    given?: { readonly policy: AppliedPolicy | null; readonly at?: FleetAnswer },
  ): Promise<FleetAnswer> {
    // refuses what is wrong before anything is read
    toQuestion(args, this.config.intervalSeconds, null);
    const where = args.where ?? {};
    const limitedByScope = !selectsWithin(where, scope);
    const { asOf: requested, catalog } = toAskedTime(
      args,
      args.maxAge ?? null,
      this.config,
      this.clock.now(),
    );
    const condition = toCondition(where, scope, requested);
    refuseForgotten(where.changedSince, requested, this.config);
    const asOf = given?.at?.asOf ?? (await inEpoch(this.epochs, requested));
    // a waiver selects by authoritative labels, so it applies to no other question
    const active = args.where?.authoritativeLabels === true ? await this.waiversStore.activeAt(asOf.now) : [];
    const waivers = applicableWaivers(active, args);
    const seen = given?.at?.pinned ?? (await this.replica.pin(asOf));
    const known = given?.at?.view ?? (asOf.past ? await catalogOf(this.catalog, { asOf, catalog }) : null);
    const { parts, policy, view, counted } = await this.count(
      (policy) => this.toParts(policy, waivers, args, condition, asOf),
      given === undefined ? { known } : { known, policy: given.policy },
      seen,
      withCohorts,
    );
    const { first, pinned } = counted;
    const { rows, cohorts } = await narrow(counted, where, view, this.cohortVerdicts);
    const judged = rows.map(({ freshnessKey }) => partAt(parts, freshnessKey));
    if (asOf.past) for (const part of new Set(judged)) this.refuseUnknownAges(part);
    const asked = await toTarget(args.to, view);
    const verdicts = await this.judge(freshnessKeysIn(rows), asked, parts, view);
    const situations = rows.map((count) => ({ count, verdict: verdicts.get(count.freshnessKey)! }));
    const again =
      given === undefined &&
      (!asOf.past || asOf.snapshot !== null) &&
      !needsCurrentFacts(where) &&
      judged.every(({ question }) => isKnownOfThePast(question.maxAgeSeconds, this.config));
    const snapshotId = !again
      ? null
      : toSnapshotId(asOf.now, pinned.snapshot!, view.revision, asOf.origin ?? first.origin);
    const summary = summarise(situations);
    return {
      ...summary,
      kind: limitedByScope && isWorse('UNKNOWN', summary.kind) ? 'UNKNOWN' : summary.kind,
      limitedByScope,
      situations,
      cohorts,
      view,
      policy,
      parts,
      condition,
      narrowed: hasProperties(where),
      authoritative: where.authoritativeLabels ?? false,
      asOf,
      pinned,
      snapshotId,
      asked,
      waivers,
    };
  }

  /** Returns the answer about the same hosts, at the same instant, for another target. */
  async retarget(answer: FleetAnswer, to: TargetInput): Promise<FleetAnswer> {
    const { parts, view } = answer;
    const asked = await toTarget(to, view);
    const counts = answer.situations.map(({ count }) => count);
    const verdicts = await this.judge(freshnessKeysIn(counts), asked, parts, view);
    const situations = counts.map((count) => ({ count, verdict: verdicts.get(count.freshnessKey)! }));
    return { ...answer, ...summarise(situations), asked, situations };
  }

  /**
   * Counts the fleet in the parts of the policy. The policy of the present is known only with the counts: if
   * it changed since the last question, the fleet is counted again.
   */
  private async count(
    partsBy: (policy: AppliedPolicy | null) => Part[],
    { known, policy: given }: { known: CatalogSnapshot | null; policy?: AppliedPolicy | null },
    asOf: AsOf,
    withCohorts: boolean,
  ): Promise<{
    parts: readonly Part[];
    policy: AppliedPolicy | null;
    view: CatalogSnapshot;
    counted: CountedParts;
  }> {
    let policy = given !== undefined ? given : known === null ? this.lastPolicy : await known.policy();
    for (;;) {
      const parts = partsBy(policy);
      const counted = await this.parts.count(parts, asOf, withCohorts);
      const view = known ?? (await this.catalog.at(counted.first.revision));
      const now = given !== undefined ? given : await view.policy();
      if (known === null && given === undefined) this.lastPolicy = now;
      if (judgeAlike(policy, now)) return { parts, policy, view, counted };
      policy = now;
    }
  }

  private toParts(
    policy: AppliedPolicy | null,
    waivers: readonly WaiverRow[],
    args: QuestionArguments,
    condition: Condition,
    { now }: AsOf,
  ): Part[] {
    const { intervalSeconds } = this.config;
    return splitByRule(policy, condition).map((part) => {
      const asGiven = toQuestion(args, intervalSeconds, part.rule);
      const question = withWaivers(asGiven, waivers);
      return {
        ...part,
        question,
        allowed: asGiven.allow,
        limits: freshnessLimitsAt(now, intervalSeconds, question.maxAgeSeconds),
      };
    });
  }

  private refuseUnknownAges({ question, rule }: Pick<Part, 'question' | 'rule'>): void {
    refuseUnknownAges(
      question.maxAgeSeconds,
      this.config,
      rule?.maxAge === undefined ? undefined : rule.name,
    );
  }

  /** Judges each freshness key by the question of its part. */
  private async judge(
    keys: Iterable<FreshnessKey>,
    asked: AskedTarget,
    parts: readonly Part[],
    view: CatalogSnapshot,
  ): Promise<ReadonlyMap<FreshnessKey, Verdict>> {
    if (parts.length === 1) return this.cohortVerdicts.judge(keys, asked, parts[0]!.question, view);
    const all = [...keys];
    const judged = await Promise.all(
      parts.map(async ({ question }, i) => {
        const own = all.filter((key) => partIndex(key) === i);
        return this.cohortVerdicts.judge(own, asked, question, view);
      }),
    );
    return new Map(judged.flatMap((verdicts) => [...verdicts]));
  }

  /**
   * Returns a page of the cohorts of an answer, the worst verdict first, then the largest; and how many there
   * are.
   */
  async cohorts(
    answer: FleetAnswer,
    from: number,
    limit: number,
  ): Promise<{ rows: CohortRow[]; total: number }> {
    const { cohorts, situations } = answer;
    if (cohorts === null) return this.parts.cohorts(answer, (kind) => SEVERITIES.indexOf(kind), from, limit);
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

  /** Returns the verdicts for these freshness keys, by the questions of this answer. */
  async verdicts(
    { asked, parts, view }: FleetAnswer,
    freshnessKeys: Iterable<FreshnessKey>,
  ): Promise<ReadonlyMap<FreshnessKey, Verdict>> {
    return this.judge(freshnessKeys, asked, parts, view);
  }

  /** Loads these situations with the catalog of this answer. */
  async load({ asked, parts, view }: FleetAnswer, situationIds: Iterable<string | null>): Promise<Loaded> {
    const bridges = parts.some(({ question }) => question.routes?.includes('BRIDGE') === true);
    return this.cohortVerdicts.load(situationIds, asked, bridges, view);
  }

  /** Returns the freshness key of a host of this answer. */
  freshnessKey({ policy, parts }: FleetAnswer, host: HostRow): FreshnessKey {
    const part = parts.length === 1 ? 0 : partOf(policy, host.labels);
    return { ...freshnessKeyOf(host, parts[part]!.limits), part };
  }

  /**
   * Returns the verdict for one host as of this time, by this catalog and its policy, and the rule that
   * holds.
   */
  async judgeHost(
    host: HostRow,
    args: QuestionArguments,
    asOf: AsOf,
    view: CatalogSnapshot,
  ): Promise<{ verdict: Verdict; rule: PolicyRule | null }> {
    const rule = ruleFor(await view.policy(), host.labels);
    const question = toQuestion(args, this.config.intervalSeconds, rule);
    if (asOf.past && !asOf.pinned) this.refuseUnknownAges({ question, rule });
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
    return { verdict: ofHost(verdicts.get(freshnessKey)!, host, asOf), rule };
  }
}

/** Returns the verdict with the age of this host's facts, not with that of its cohort. */
export const ofHost = (verdict: Verdict, { confirmedAt, ageUnknown }: HostRow, { now }: AsOf): Verdict =>
  confirmedAt === null || confirmedAt > now || ageUnknown
    ? verdict
    : withAge(verdict, (now.getTime() - confirmedAt.getTime()) / 1000);

const freshnessKeysIn = (rows: readonly SituationCount[]): FreshnessKey[] =>
  rows.map(({ freshnessKey }) => freshnessKey);

/** Sums up the verdicts. The kind is the worst of all hosts, and UNKNOWN without any host. */
function summarise(situations: readonly JudgedSituation[]): Pick<FleetAnswer, 'kind' | 'counts' | 'reasons'> {
  const counts = noHosts();
  let kind: VerdictKind = 'SAFE';
  for (const { count, verdict } of situations) {
    addHosts(counts, verdict, count.hosts);
    if (isWorse(verdict.kind, kind)) kind = verdict.kind;
  }
  if (counts.total === 0)
    return { kind: 'UNKNOWN', counts, reasons: [{ reason: { code: 'NO_HOSTS_MATCHED' }, hosts: 0 }] };
  return { kind, counts, reasons: countReasons(situations) };
}
