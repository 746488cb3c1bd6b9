import { Inject, Injectable } from '@nestjs/common';
import { isWorse, kindOf, type Question, type Reason, type Verdict, type VerdictKind } from '@klpreg/compat';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { NO_SITUATION } from '../store/cohorts.store.js';
import { CatalogStore } from '../store/catalog.store.js';
import type { CatalogView } from '../store/catalog-view.js';
import type { Condition } from '../store/condition.js';
import { type CohortRow, FleetStore, type Ranked, type SituationCount } from '../store/fleet.store.js';
import { type Ages, circumstancesKey } from '../store/hosts-at.js';
import type { HostRow } from '../store/hosts.store.js';
import type { Moment } from '../store/moment.js';
import { Replica } from '../store/replica.js';
import { type HostFilter, toCondition } from './filter.js';
import { agesAt, circumstancesOf, Judges, type Judging } from './judging.js';
import { type AskedTarget, type QuestionArguments, toQuestion, toTarget } from './question.js';
import { type AskedMoment, type MomentArguments, toMoment, toSnapshotId } from './snapshot.js';

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

export interface VerdictCounts {
  readonly safe: number;
  readonly unknown: number;
  readonly unsafe: number;
  readonly refused: number;
  readonly total: number;
  readonly harmful: number;
}

/** The answer for all hosts that match, before anything is paged. */
export interface FleetAnswer {
  readonly kind: VerdictKind;
  readonly counts: VerdictCounts;
  readonly reasons: readonly CountedReason[];
  readonly situations: readonly JudgedSituation[];
  /** The situations in the order of their answers: for the store, which puts cohorts in it. */
  readonly ranked: readonly Ranked[];
  /** All cohorts in their order, where there are few; null: they are to be asked for by page. */
  readonly cohorts: readonly CohortRow[] | null;
  readonly judging: Judging;
  readonly view: CatalogView;
  readonly condition: Condition;
  readonly ages: Ages;
  /** When it was asked of; the present where the question named no moment. */
  readonly asOf: Moment;
  /** Pinned: whatever is looked at later is of the same instant. */
  readonly moment: Moment;
  /** Null where it was asked by an instant alone: ask again by that. */
  readonly snapshotId: string | null;
  readonly asked: AskedTarget;
  readonly question: Question;
}

type FleetQuestion = QuestionArguments & MomentArguments & { readonly where?: HostFilter | null };

const SEVERITIES = (['SAFE', 'UNKNOWN', 'UNSAFE', 'REFUSED'] as const satisfies readonly VerdictKind[]).toSorted((a, b) => (isWorse(a, b) ? -1 : 1));

/** Judges situations, never hosts: hosts in the same situation share the answer. */
@Injectable()
export class Fleet {
  constructor(
    private readonly store: FleetStore,
    private readonly judges: Judges,
    private readonly catalog: CatalogStore,
    private readonly replica: Replica,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @param withCohorts that cohorts will be asked for: then they come with the counts, where they are few */
  async ask(args: FleetQuestion, withCohorts = false): Promise<FleetAnswer> {
    const question = toQuestion(args);
    const condition = toCondition(args.where ?? {});
    const { moment, catalog } = toMoment(args, question.maxAgeSeconds, this.config, this.clock.now());
    const ages = agesAt(moment.now, this.config.intervalSeconds, question.maxAgeSeconds);
    const seen = await this.replica.see(moment);
    const { rows, cohorts, snapshot, revision } = await this.store.counts(condition, ages, seen, withCohorts);
    const view = await this.viewOf(moment.past ? catalog : revision, moment.now);
    const asked = await toTarget(args.to, view);
    const judging = await this.judges.prepare(
      rows.map((row) => row.situationId),
      asked,
      question,
      view,
    );
    const situations = inOrder(rows.map((count) => ({ count, verdict: judging.judge(count) })));
    const pinned: Moment = seen.past ? seen : { now: moment.now, snapshot, past: true };
    const snapshotId = moment.past && moment.snapshot === null ? null : toSnapshotId(moment.now, pinned.snapshot!, view.revision);
    const ranked = rank(situations);
    const ordered = cohorts === null ? null : orderCohorts(cohorts, ranked);
    return {
      ...addUp(situations),
      situations,
      ranked,
      cohorts: ordered,
      judging,
      view,
      condition,
      ages,
      asOf: moment,
      moment: pinned,
      snapshotId,
      asked,
      question,
    };
  }

  /** The answer for one host, as it is or was, by this catalog. */
  async judgeHost(host: HostRow, args: QuestionArguments, moment: Moment, view: CatalogView): Promise<Verdict> {
    const question = toQuestion(args);
    const ages = agesAt(moment.now, this.config.intervalSeconds, question.maxAgeSeconds);
    const judging = await this.judges.prepare([host.situationId], await toTarget(args.to, view), question, view);
    return judging.judge(circumstancesOf(host, ages));
  }

  private async viewOf(catalog: AskedMoment['catalog'], instant: Date): Promise<CatalogView> {
    if (catalog === 'NOW') return this.catalog.now();
    return catalog === 'THEN' ? this.catalog.asOf(instant) : this.catalog.at(catalog);
  }
}

/** Worst first, then largest. */
function inOrder(situations: readonly JudgedSituation[]): JudgedSituation[] {
  const places = situations.map((one) => ({ one, severity: SEVERITIES.indexOf(one.verdict.kind), key: circumstancesKey(one.count) }));
  return places.toSorted((a, b) => a.severity - b.severity || b.one.count.hosts - a.one.count.hosts || (a.key < b.key ? -1 : 1)).map(({ one }) => one);
}

/** Situations with an answer of the same kind have the same rank. */
function rank(situations: readonly JudgedSituation[]): Ranked[] {
  const kinds = [...new Set(situations.map(({ verdict }) => verdict.kind))];
  return situations.map(({ count, verdict }) => ({ circumstances: count, rank: kinds.indexOf(verdict.kind) }));
}

/** As the store orders them by page: the worst kind first, then the largest. */
function orderCohorts(cohorts: readonly CohortRow[], ranked: readonly Ranked[]): CohortRow[] {
  const ranks = new Map(ranked.map(({ circumstances, rank: place }) => [circumstancesKey(circumstances), place]));
  const placed = cohorts.map((cohort) => ({ cohort, place: ranks.get(circumstancesKey(cohort)) ?? 0 }));
  return placed.toSorted((a, b) => a.place - b.place || b.cohort.hosts - a.cohort.hosts || compareKeys(a.cohort, b.cohort)).map(({ cohort }) => cohort);
}

function compareKeys(a: CohortRow, b: CohortRow): number {
  if (a.situationId !== b.situationId) return (a.situationId ?? NO_SITUATION) < (b.situationId ?? NO_SITUATION) ? -1 : 1;
  if (a.labelSetId !== b.labelSetId) return a.labelSetId < b.labelSetId ? -1 : 1;
  return circumstancesKey(a) < circumstancesKey(b) ? -1 : 1;
}

/** What do all the answers make together? The worst over the hosts; nothing at all is UNKNOWN. */
function addUp(situations: readonly JudgedSituation[]): Pick<FleetAnswer, 'kind' | 'counts' | 'reasons'> {
  const counts = { safe: 0, unknown: 0, unsafe: 0, refused: 0, total: 0, harmful: 0 };
  let kind: VerdictKind = 'SAFE';
  for (const { count, verdict } of situations) {
    counts[verdict.kind.toLowerCase() as Lowercase<VerdictKind>] += count.hosts;
    counts.total += count.hosts;
    if (verdict.harmful) counts.harmful += count.hosts;
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
  readonly key: string;
  readonly reason: Reason;
}

/** The different reasons of a verdict; kept with it, because the same verdicts are counted by every question. */
const countable = new WeakMap<Verdict, readonly Countable[]>();

function reasonsOf(verdict: Verdict): readonly Countable[] {
  const known = countable.get(verdict);
  if (known !== undefined) return known;
  const own = [...new Map(verdict.reasons.map((reason) => [reasonKey(reason), shared(reason)]))].map(([key, reason]) => ({ key, reason }));
  countable.set(verdict, own);
  return own;
}

/** Each reason with how many hosts have it, most first. A host counts once for a reason, however often it is listed. */
function countReasons(situations: readonly JudgedSituation[]): CountedReason[] {
  const counted = new Map<string, { key: string; reason: Reason; hosts: number }>();
  for (const { count, verdict } of situations) {
    for (const { key, reason } of reasonsOf(verdict)) {
      const entry = counted.get(key);
      if (entry === undefined) counted.set(key, { key, reason, hosts: count.hosts });
      else entry.hosts += count.hosts;
    }
  }
  const order = (reason: Reason) => (kindOf(reason) === 'ADVISORY' ? 1 : 0);
  return [...counted.values()]
    .map((entry) => ({ ...entry, order: order(entry.reason) }))
    .toSorted((a, b) => a.order - b.order || b.hosts - a.hosts || (a.key < b.key ? -1 : 1))
    .map(({ reason, hosts }) => ({ reason, hosts }));
}

/** One text for what `shared` keeps of a reason. */
const reasonKey = ({ code, patch, buildId, stateId, have, need, other, function: redirected, route, clearedBy, errno, detail }: Reason): string =>
  `${code}\0${patch ?? buildId ?? ''}\0${stateId ?? ''}\0${have ?? ''}\0${need ?? ''}\0${other ?? ''}\0${redirected ?? ''}\0${route ?? ''}\0${clearedBy ?? ''}\0${errno ?? ''}\0${code === 'REPORT_STALE' ? '' : (detail ?? '')}`;
