import { Inject, Injectable } from '@nestjs/common';
import { isWorse, kindOf, type Question, type Reason, type Verdict, type VerdictKind } from '@klpreg/compat';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { CatalogStore } from '../store/catalog.store.js';
import type { CatalogView } from '../store/catalog-view.js';
import type { Condition } from '../store/condition.js';
import { FleetStore, type Ranked, type SituationCount } from '../store/fleet.store.js';
import { type Ages, circumstancesKey } from '../store/hosts-at.js';
import type { HostRow } from '../store/hosts.store.js';
import type { Moment } from '../store/moment.js';
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
  readonly judging: Judging;
  readonly view: CatalogView;
  readonly condition: Condition;
  readonly ages: Ages;
  /** Pinned: whatever is looked at later is of the same instant. */
  readonly moment: Moment;
  /** Null where it was asked by an instant alone: ask again by that. */
  readonly snapshotId: string | null;
  readonly asked: AskedTarget;
  readonly question: Question;
}

type FleetQuestion = QuestionArguments & MomentArguments & { readonly where?: HostFilter | null };

/** Judges situations, never hosts: hosts in the same situation share the answer. */
@Injectable()
export class Fleet {
  constructor(
    private readonly store: FleetStore,
    private readonly judges: Judges,
    private readonly catalog: CatalogStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async ask(args: FleetQuestion): Promise<FleetAnswer> {
    const question = toQuestion(args);
    const condition = toCondition(args.where ?? {});
    const { moment, catalog } = toMoment(args, question.maxAgeSeconds, this.config, this.clock.now());
    const ages = agesAt(moment.now, this.config.intervalSeconds, question.maxAgeSeconds);
    const { rows, snapshot, revision } = await this.store.counts(condition, ages, moment);
    const view = await this.viewOf(moment.past ? catalog : revision, moment.now);
    const asked = await toTarget(args.to, view);
    const judging = await this.judges.prepare(
      rows.map((row) => row.situationId),
      asked,
      question,
      view,
    );
    const situations = rows.map((count) => ({ count, verdict: judging.judge(count) })).toSorted(worstFirst);
    const pinned: Moment = moment.past ? moment : { now: moment.now, snapshot, past: true };
    const snapshotId = moment.past && moment.snapshot === null ? null : toSnapshotId(moment.now, pinned.snapshot!, view.revision);
    return { ...addUp(situations), situations, ranked: rank(situations), judging, view, condition, ages, moment: pinned, snapshotId, asked, question };
  }

  /** The answer for one host, as it is or was. */
  async judgeHost(host: HostRow, args: QuestionArguments, { moment, catalog }: AskedMoment): Promise<Verdict> {
    const question = toQuestion(args);
    const ages = agesAt(moment.now, this.config.intervalSeconds, question.maxAgeSeconds);
    const view = await this.viewOf(catalog, moment.now);
    const judging = await this.judges.prepare([host.situationId], await toTarget(args.to, view), question, view);
    return judging.judge(circumstancesOf(host, ages));
  }

  private async viewOf(catalog: AskedMoment['catalog'], instant: Date): Promise<CatalogView> {
    if (catalog === 'NOW') return this.catalog.now();
    return catalog === 'THEN' ? this.catalog.asOf(instant) : this.catalog.at(catalog);
  }
}

function worstFirst(a: JudgedSituation, b: JudgedSituation): number {
  if (isWorse(a.verdict.kind, b.verdict.kind)) return -1;
  if (isWorse(b.verdict.kind, a.verdict.kind)) return 1;
  return b.count.hosts - a.count.hosts || (circumstancesKey(a.count) < circumstancesKey(b.count) ? -1 : 1);
}

/** Situations with an answer of the same kind have the same rank. */
function rank(situations: readonly JudgedSituation[]): Ranked[] {
  const kinds = [...new Set(situations.map(({ verdict }) => verdict.kind))];
  return situations.map(({ count, verdict }) => ({ circumstances: count, rank: kinds.indexOf(verdict.kind) }));
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

/** A reason without what differs from host to host. */
const shared = ({ code, patch, buildId, stateId, have, need, other, function: redirected, route, clearedBy, errno, detail }: Reason): Reason => ({
  code,
  ...(patch !== undefined && { patch }),
  ...(buildId !== undefined && { buildId }),
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

/** Each reason with how many hosts have it, most first. A host counts once for a reason, however often it is listed. */
function countReasons(situations: readonly JudgedSituation[]): CountedReason[] {
  const counted = new Map<string, { reason: Reason; hosts: number }>();
  for (const { count, verdict } of situations) {
    const own = new Map(verdict.reasons.map((reason) => [reasonKey(reason), shared(reason)]));
    for (const [key, reason] of own) {
      const entry = counted.get(key) ?? { reason, hosts: 0 };
      entry.hosts += count.hosts;
      counted.set(key, entry);
    }
  }
  const order = (reason: Reason) => (kindOf(reason) === 'ADVISORY' ? 1 : 0);
  return [...counted.entries()]
    .toSorted(([a, x], [b, y]) => order(x.reason) - order(y.reason) || y.hosts - x.hosts || (a < b ? -1 : 1))
    .map(([, entry]) => entry);
}

const reasonKey = (reason: Reason): string => JSON.stringify(shared(reason), (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
