import { Inject, Injectable } from '@nestjs/common';
import { isWorse, kindOf, type Question, type Reason, type Verdict, type VerdictKind } from '@klpreg/compat';
import { Clock } from '../clock.js';
import { CONFIG, type Config } from '../config.js';
import { CatalogStore } from '../store/catalog.store.js';
import type { Prisma } from '../store/database.js';
import { type Ages, type CohortRow, FleetStore } from '../store/fleet.store.js';
import type { HostRow } from '../store/hosts.store.js';
import { type HostFilter, toCondition } from './filter.js';
import { agesAt, circumstancesKey, circumstancesOf, Judges, type Judging } from './judging.js';
import { type AskedTarget, type QuestionArguments, toQuestion, toTarget } from './question.js';

/** A cohort and its answer. */
export interface JudgedCohort {
  readonly cohort: CohortRow;
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
  /** Worst first, then largest first. */
  readonly cohorts: readonly JudgedCohort[];
  readonly judging: Judging;
  readonly where: Prisma.Sql;
  readonly ages: Ages;
  readonly now: Date;
  readonly asked: AskedTarget;
  readonly question: Question;
}

/** Judges cohorts, never hosts: hosts in the same situation share the answer. */
@Injectable()
export class Fleet {
  constructor(
    private readonly store: FleetStore,
    private readonly judges: Judges,
    private readonly catalog: CatalogStore,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async ask(args: QuestionArguments & { readonly where?: HostFilter | null }): Promise<FleetAnswer> {
    const question = toQuestion(args);
    const now = this.clock.now();
    const ages = agesAt(now, this.config.intervalSeconds, question.maxAgeSeconds);
    const where = toCondition(args.where ?? {});
    const asked = await toTarget(args.to, this.catalog);
    const rows = await this.store.cohorts(where, ages);
    const judging = await this.judges.prepare(
      rows.map((row) => row.situationId),
      asked,
      question,
    );
    const cohorts = rows.map((cohort) => ({ cohort, verdict: judging.judge(cohort) })).toSorted(worstFirst);
    return { ...addUp(cohorts), cohorts, judging, where, ages, now, asked, question };
  }

  /** The answer for one host. */
  async judgeHost(host: HostRow, args: QuestionArguments): Promise<Verdict> {
    const question = toQuestion(args);
    const ages = agesAt(this.clock.now(), this.config.intervalSeconds, question.maxAgeSeconds);
    const judging = await this.judges.prepare([host.situationId], await toTarget(args.to, this.catalog), question);
    return judging.judge(circumstancesOf(host, ages));
  }
}

function worstFirst(a: JudgedCohort, b: JudgedCohort): number {
  if (isWorse(a.verdict.kind, b.verdict.kind)) return -1;
  if (isWorse(b.verdict.kind, a.verdict.kind)) return 1;
  return b.cohort.hosts - a.cohort.hosts || (keyOf(a) < keyOf(b) ? -1 : 1);
}

const keyOf = ({ cohort }: JudgedCohort): string => `${circumstancesKey(cohort)} ${cohort.labelSetId}`;

/** What do all the cohorts' answers make together? The worst over the hosts; nothing at all is UNKNOWN. */
function addUp(cohorts: readonly JudgedCohort[]): Pick<FleetAnswer, 'kind' | 'counts' | 'reasons'> {
  const hostsOf = (kind: VerdictKind) => cohorts.reduce((sum, { cohort, verdict }) => sum + (verdict.kind === kind ? cohort.hosts : 0), 0);
  const counts = {
    safe: hostsOf('SAFE'),
    unknown: hostsOf('UNKNOWN'),
    unsafe: hostsOf('UNSAFE'),
    refused: hostsOf('REFUSED'),
    total: cohorts.reduce((sum, { cohort }) => sum + cohort.hosts, 0),
    harmful: cohorts.reduce((sum, { cohort, verdict }) => sum + (verdict.harmful ? cohort.hosts : 0), 0),
  };
  if (counts.total === 0) return { kind: 'UNKNOWN', counts, reasons: [{ reason: { code: 'NO_HOSTS_MATCHED' }, hosts: 0 }] };
  const kind = cohorts.reduce<VerdictKind>((worst, { verdict }) => (isWorse(verdict.kind, worst) ? verdict.kind : worst), 'SAFE');
  return { kind, counts, reasons: countReasons(cohorts) };
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
function countReasons(cohorts: readonly JudgedCohort[]): CountedReason[] {
  const counted = new Map<string, { reason: Reason; hosts: number }>();
  for (const { cohort, verdict } of cohorts) {
    const own = new Map(verdict.reasons.map((reason) => [reasonKey(reason), shared(reason)]));
    for (const [key, reason] of own) {
      const entry = counted.get(key) ?? { reason, hosts: 0 };
      entry.hosts += cohort.hosts;
      counted.set(key, entry);
    }
  }
  const order = (reason: Reason) => (kindOf(reason) === 'ADVISORY' ? 1 : 0);
  return [...counted.entries()]
    .toSorted(([a, x], [b, y]) => order(x.reason) - order(y.reason) || y.hosts - x.hosts || (a < b ? -1 : 1))
    .map(([, entry]) => entry);
}

const reasonKey = (reason: Reason): string => JSON.stringify(shared(reason), (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
