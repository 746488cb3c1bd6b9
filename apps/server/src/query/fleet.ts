import { Inject, Injectable } from '@nestjs/common';
import { isWorse, kindOf, type Question, type Reason, type Verdict, type VerdictKind } from '@klpreg/compat';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { NO_SITUATION } from '../store/counts/cohorts.store.js';
import { CatalogStore } from '../store/catalog/catalog.store.js';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import type { Condition } from '../store/hosts/condition.js';
import { EpochsStore } from '../store/history/epochs.store.js';
import type { CohortGroup, CohortRow, SituationCount } from '../store/counts/fleet-counts.js';
import { FleetStore, type Ranked } from '../store/counts/fleet.store.js';
import { type FreshnessLimits, type FreshnessKey, freshnessKeyText } from '../store/hosts/hosts-at.js';
import type { HostRow } from '../store/hosts/hosts.store.js';
import type { AsOf } from '../store/history/as-of.js';
import { Replica } from '../store/history/replica.js';
import { toCondition } from './filter.js';
import { firstOf } from './first-of.js';
import { agesAt, freshnessKeyOf, Judges, type Loaded } from './judging.js';
import type { QueryCanDowngradeArgs, VerdictCounts } from './generated/schema.js';
import { type AskedTarget, type QuestionArguments, toQuestion, toTarget } from './question.js';
import { catalogOf, inEpoch, isKnownOfThePast, refuseUnknownAges, toMoment, toSnapshotId } from './snapshot.js';

/** A situation with its hosts and their answer. */
export interface JudgedSituation {
  readonly count: SituationCount;
  readonly verdict: Verdict;
}

/** A reason and how many hosts have it. */
export interface CountedReason {
  readonly reason: Reason;
  readonly hosts: number;
}

/** The answer for all hosts that match, before anything is paged. */
export interface FleetAnswer {
  readonly kind: VerdictKind;
  readonly counts: VerdictCounts;
  readonly reasons: readonly CountedReason[];
  /** In no order. */
  readonly situations: readonly JudgedSituation[];
  /** All cohorts, in no order, where there are few; null: they are to be asked for by page. */
  readonly cohorts: readonly CohortGroup[] | null;
  readonly view: CatalogSnapshot;
  readonly condition: Condition;
  readonly ages: FreshnessLimits;
  /** When it was asked of; the present where the question named no moment. */
  readonly asOf: AsOf;
  /** Pinned: whatever is looked at later is of the same instant. */
  readonly moment: AsOf;
  /** Null where it was asked by an instant alone: ask again by that. And where it cannot be asked again, because it asks for ages that no one knows of the past. */
  readonly snapshotId: string | null;
  readonly asked: AskedTarget;
  readonly question: Question;
}

const SEVERITIES = (['SAFE', 'UNKNOWN', 'UNSAFE', 'REFUSED'] as const satisfies readonly VerdictKind[]).toSorted((a, b) => (isWorse(a, b) ? -1 : 1));

/** Judges situations, never hosts: hosts in the same situation share the answer. */
@Injectable()
export class Fleet {
  constructor(
    private readonly store: FleetStore,
    private readonly judges: Judges,
    private readonly catalog: CatalogStore,
    private readonly replica: Replica,
    private readonly epochs: EpochsStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @param withCohorts that cohorts will be asked for: then they come with the counts, where they are few */
  async ask(args: QueryCanDowngradeArgs, withCohorts = false): Promise<FleetAnswer> {
    const question = toQuestion(args);
    const condition = toCondition(args.where ?? {});
    const { moment: wanted, catalog } = toMoment(args, question.maxAgeSeconds, this.config, this.clock.now());
    const moment = await inEpoch(this.epochs, wanted);
    const ages = agesAt(moment.now, this.config.intervalSeconds, question.maxAgeSeconds);
    const seen = await this.replica.pin(moment);
    const { rows, cohorts, snapshot, revision, origin } = await this.store.counts(condition, ages, seen, withCohorts);
    const view = moment.past ? await catalogOf(this.catalog, { moment, catalog }) : await this.catalog.at(revision);
    const asked = await toTarget(args.to, view);
    const verdicts = await this.judges.judge(freshnessKeysIn(rows), asked, question, view);
    const situations = rows.map((count) => ({ count, verdict: verdicts.get(count.freshnessKey)! }));
    const pinned: AsOf = seen.past ? seen : { now: moment.now, snapshot, past: true, pinned: true, epoch: origin.epoch };
    const again = (!moment.past || moment.snapshot !== null) && isKnownOfThePast(question.maxAgeSeconds, this.config);
    const snapshotId = !again ? null : toSnapshotId(moment.now, pinned.snapshot!, view.revision, moment.origin ?? origin);
    return { ...addUp(situations), situations, cohorts, view, condition, ages, asOf: moment, moment: pinned, snapshotId, asked, question };
  }

  /** Some of the cohorts of an answer, in the order of their own answers: the worst first, then the largest; and how many there are. */
  async cohorts({ cohorts, condition, ages, moment, situations }: FleetAnswer, from: number, limit: number): Promise<{ rows: CohortRow[]; total: number }> {
    if (cohorts === null) return this.store.cohorts(condition, ages, moment, situations.map(toRanked), { from, limit });
    const kinds = new Map(situations.map(({ count, verdict }) => [count.freshnessKey, verdict.kind]));
    const lists: Record<VerdictKind, CohortGroup[]> = { SAFE: [], UNKNOWN: [], UNSAFE: [], REFUSED: [] };
    for (const group of cohorts) lists[kinds.get(group.freshnessKey)!].push(group);
    return pageOf(
      SEVERITIES.map((kind) => lists[kind]),
      from,
      limit,
    );
  }

  /** The verdicts for these freshness keys, by what this answer was asked. */
  async verdicts({ asked, question, view }: FleetAnswer, freshnessKey: Iterable<FreshnessKey>): Promise<ReadonlyMap<FreshnessKey, Verdict>> {
    return this.judges.judge(freshnessKey, asked, question, view);
  }

  /** What is known of these situations, by the catalog of this answer. */
  async load({ asked, question, view }: FleetAnswer, situationIds: Iterable<string | null>): Promise<Loaded> {
    return this.judges.load(situationIds, asked, question, view);
  }

  /** The answer for one host, as it is or was, by this catalog. */
  async judgeHost(host: HostRow, args: QuestionArguments, moment: AsOf, view: CatalogSnapshot): Promise<Verdict> {
    const question = toQuestion(args);
    if (moment.past && !moment.pinned) refuseUnknownAges(question.maxAgeSeconds, this.config);
    const ages = agesAt(moment.now, this.config.intervalSeconds, question.maxAgeSeconds);
    const known = freshnessKeyOf(host, ages);
    // confirmed since then: how old the facts were that are judged is not known
    const confirmedSince = moment.pinned === true && host.confirmedAt !== null && host.confirmedAt >= moment.now;
    const freshnessKey = confirmedSince && !isKnownOfThePast(question.maxAgeSeconds, this.config) ? { ...known, overdue: true } : known;
    const verdicts = await this.judges.judge([freshnessKey], await toTarget(args.to, view), question, view);
    return verdicts.get(freshnessKey)!;
  }
}

const toRanked = ({ count, verdict }: JudgedSituation): Ranked => ({ freshnessKey: count.freshnessKey, rank: SEVERITIES.indexOf(verdict.kind) });

const freshnessKeysIn = (rows: readonly SituationCount[]): FreshnessKey[] => rows.map(({ freshnessKey }) => freshnessKey);

/** Some of the cohorts in the order of these lists, in each the largest first. What comes behind the page is only counted. */
function pageOf(lists: readonly (readonly CohortGroup[])[], from: number, limit: number): { rows: CohortRow[]; total: number } {
  const first: CohortRow[] = [];
  let total = 0;
  for (const groups of lists) {
    const rows: CohortRow[] = [];
    for (const { freshnessKey, labels, hosts } of groups)
      for (let i = 0; i < hosts.length; i++) {
        if (hosts[i] === 0) continue;
        total += 1;
        if (first.length < from + limit) rows.push({ freshnessKey, labelSetId: labels[i]!.labelSetId, hosts: hosts[i]! });
      }
    first.push(...firstOf(rows, from + limit - first.length, (a, b) => b.hosts - a.hosts || compareKeys(a, b)));
  }
  return { rows: first.slice(from), total };
}

/** As PostgreSQL orders them. */
function compareKeys({ freshnessKey: a, labelSetId }: CohortRow, { freshnessKey: b, labelSetId: other }: CohortRow): number {
  if (a.situationId !== b.situationId) return (a.situationId ?? NO_SITUATION) < (b.situationId ?? NO_SITUATION) ? -1 : 1;
  if (labelSetId !== other) return labelSetId < other ? -1 : 1;
  return freshnessKeyText(a) < freshnessKeyText(b) ? -1 : 1;
}

/** What do all the answers make together? The worst over the hosts; nothing at all is UNKNOWN. */
function addUp(situations: readonly JudgedSituation[]): Pick<FleetAnswer, 'kind' | 'counts' | 'reasons'> {
  const counts = { safe: 0, unknown: 0, unsafe: 0, refused: 0, total: 0, harmful: 0, accepted: 0 };
  let kind: VerdictKind = 'SAFE';
  for (const { count, verdict } of situations) {
    counts[verdict.kind.toLowerCase() as Lowercase<VerdictKind>] += count.hosts;
    counts.total += count.hosts;
    if (verdict.harmful) counts.harmful += count.hosts;
    if (verdict.accepted) counts.accepted += count.hosts;
    if (isWorse(verdict.kind, kind)) kind = verdict.kind;
  }
  if (counts.total === 0) return { kind: 'UNKNOWN', counts, reasons: [{ reason: { code: 'NO_HOSTS_MATCHED' }, hosts: 0 }] };
  return { kind, counts, reasons: countReasons(situations) };
}

/** A reason without what differs from host to host, and from build to build of the same patch. */
const shared = ({ code, patch, buildId, stateId, have, need, other, function: redirected, route, clearedBy, errno, detail }: Reason): Reason => ({
  code,
  ...(patch !== undefined && { patch }),
  ...(patch === undefined && buildId !== undefined && { buildId }),
  ...(stateId !== undefined && { stateId }),
  ...(have !== undefined && { have }),
  ...(need !== undefined && { need }),
  ...(other !== undefined && { other }),
  ...(redirected !== undefined && { function: redirected }),
  ...(route !== undefined && { route }),
  ...(clearedBy !== undefined && { clearedBy }),
  ...(errno !== undefined && { errno }),
  ...(detail !== undefined && code !== 'REPORT_STALE' && { detail }),
});

/** A reason as it is counted. */
interface Countable {
  /** One for each object: what lists of them are compared by. */
  readonly number: number;
  readonly key: string;
  readonly reason: Reason;
}

/** The different reasons of a verdict; kept with it, because the same verdicts are counted by every question. */
const countable = new WeakMap<Verdict, readonly Countable[]>();
/** The same object for the same reason, and for the same reasons, most often: sums by it are faster than by its text. */
const alike = new Map<string, Countable>();
const listsAlike = new Map<string, readonly Countable[]>();
const ALIKE_HELD = 10_000;
let numbers = 0;

function reasonsOf(verdict: Verdict): readonly Countable[] {
  const known = countable.get(verdict);
  if (known !== undefined) return known;
  if (alike.size > ALIKE_HELD) alike.clear();
  const own = [...new Map(verdict.reasons.map((reason) => [reasonKey(reason), reason]))].map(([key, reason]): Countable => {
    const first = alike.get(key) ?? { number: numbers++, key, reason: shared(reason) };
    alike.set(key, first);
    return first;
  });
  const text = own.map(({ number }) => number).join(' ');
  if (listsAlike.size > ALIKE_HELD) listsAlike.clear();
  const list = listsAlike.get(text) ?? own;
  listsAlike.set(text, list);
  countable.set(verdict, list);
  return list;
}

/** Each reason with how many hosts have it, most first. A host counts once for a reason, however often it is listed. */
function countReasons(situations: readonly JudgedSituation[]): CountedReason[] {
  // thousands of situations have some hundred lists of reasons
  const lists = new Map<readonly Countable[], number>();
  for (const { count, verdict } of situations) {
    const list = reasonsOf(verdict);
    lists.set(list, (lists.get(list) ?? 0) + count.hosts);
  }
  const sums = new Map<Countable, number>();
  for (const [list, hosts] of lists) for (const reason of list) sums.set(reason, (sums.get(reason) ?? 0) + hosts);
  const counted = new Map<string, { key: string; reason: Reason; hosts: number; order: number }>();
  for (const [{ key, reason }, hosts] of sums) {
    const entry = counted.get(key);
    if (entry === undefined) counted.set(key, { key, reason, hosts, order: kindOf(reason) === 'ADVISORY' ? 1 : 0 });
    else entry.hosts += hosts;
  }
  return [...counted.values()]
    .toSorted((a, b) => a.order - b.order || b.hosts - a.hosts || (a.key < b.key ? -1 : 1))
    .map(({ reason, hosts }) => ({ reason, hosts }));
}

/** One text for what `shared` keeps of a reason. */
const reasonKey = ({ code, patch, buildId, stateId, have, need, other, function: redirected, route, clearedBy, errno, detail }: Reason): string =>
  `${code}\0${patch ?? buildId ?? ''}\0${stateId ?? ''}\0${have ?? ''}\0${need ?? ''}\0${other ?? ''}\0${redirected ?? ''}\0${route ?? ''}\0${clearedBy ?? ''}\0${errno ?? ''}\0${code === 'REPORT_STALE' ? '' : (detail ?? '')}`;
