import { Failure } from '../exits.js';
import {
  type AppliedPolicy,
  CAN_DOWNGRADE,
  type Cohort,
  type HostFilter,
  type ReasonCount,
  type Snapshot,
  type TargetInput,
  type UsedWaiver,
  type VerdictCounts,
  type VerdictKind,
} from '../registry/generated/operations.js';
import type { Registry } from '../registry/client.js';
import { nextCursor, PAGE_SIZE } from '../registry/pages.js';
import { isPast, type PointInTime, wrongPointInTime } from './point-in-time.js';
import type { QuestionVariables } from './question.js';

/** The registry's answer for a fleet, combined from all pages. */
export interface FleetAnswer {
  readonly kind: VerdictKind;
  readonly counts: VerdictCounts;
  readonly matched: number;
  readonly limitedByScope: boolean;
  /** The policy that the hosts are judged by. */
  readonly policy: AppliedPolicy;
  readonly snapshot: Snapshot;
  /** The point in time of the question. Null: the present. */
  readonly asOf: string | null;
  /** The waivers that the answer accepts reasons by. */
  readonly waivers: readonly UsedWaiver[];
  readonly reasons: readonly ReasonCount[];
  readonly cohorts: readonly Cohort[];
  /** All reasons and cohorts are here. False: there are more than `MAX_NODES`. */
  readonly complete: boolean;
  /** All pages are of the same fleet state. */
  readonly steady: boolean;
}

export interface FleetQuestion extends QuestionVariables {
  readonly to: TargetInput;
  readonly where: HostFilter;
}

/**
 * The properties by which hosts are grouped, in addition to the answer: list of patches, kernel, these
 * labels.
 */
const BY = ['STACK', 'KERNEL'];

/** The maximum number of cohorts, and of reasons, to read. */
const MAX_NODES = 2000;
/** The maximum number of reads of a fleet that changes between two pages. */
const MAX_ATTEMPTS = 3;

/** Asks for the fleet's verdict at a point in time, with every reason and cohort. */
export async function askFleet(
  question: FleetQuestion,
  labels: readonly string[],
  pointInTime: PointInTime,
  registry: Registry,
): Promise<FleetAnswer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await readPages({ ...question, by: BY, labels: [...labels] }, pointInTime, registry);
    if (answer.steady || attempt === MAX_ATTEMPTS) return answer;
  }
}

/**
 * Reads all pages. Later pages ask for the snapshot of the first page, or else for the same point in time.
 *
 * An answer about the present without a snapshot may change
 * between pages. Each page is compared with the first.
 */
async function readPages(
  question: FleetQuestion & { readonly by: string[]; readonly labels: string[] },
  pointInTime: PointInTime,
  registry: Registry,
): Promise<FleetAnswer> {
  const cursors: { reasonsAfter: string | null; cohortsAfter: string | null } = {
    reasonsAfter: null,
    cohortsAfter: null,
  };
  const ask = async (of: PointInTime) => {
    const answer = (await registry.ask(CAN_DOWNGRADE, { ...question, ...of, first: PAGE_SIZE, ...cursors }))
      .canDowngrade;
    const other = wrongPointInTime(of, answer.snapshot);
    if (other !== null) throw other;
    return answer;
  };
  const first = await ask(pointInTime);
  const same = first.snapshot.id === null ? pointInTime : { snapshot: first.snapshot.id };
  const [reasons, cohorts] = [[...first.reasons.nodes], [...first.cohorts.nodes]];
  let page = first;
  let steady = true;
  while (steady && more(page) && reasons.length < MAX_NODES && cohorts.length < MAX_NODES) {
    if (page.reasons.pageInfo.hasNextPage)
      cursors.reasonsAfter = nextCursor(page.reasons, cursors.reasonsAfter);
    else cursors.reasonsAfter = page.reasons.pageInfo.endCursor ?? cursors.reasonsAfter;
    if (page.cohorts.pageInfo.hasNextPage)
      cursors.cohortsAfter = nextCursor(page.cohorts, cursors.cohortsAfter);
    else cursors.cohortsAfter = page.cohorts.pageInfo.endCursor ?? cursors.cohortsAfter;
    const next = await ask(same).catch(nullIfGone);
    steady =
      next !== null &&
      JSON.stringify([first.kind, first.counts, first.matched, first.policy]) ===
        JSON.stringify([next.kind, next.counts, next.matched, next.policy]);
    page = next ?? page;
    reasons.push(...(next?.reasons.nodes ?? []));
    cohorts.push(...(next?.cohorts.nodes ?? []));
  }
  const { kind, counts, matched, limitedByScope, policy, waivers, snapshot } = first;
  const complete =
    !more(page) && cohorts.length === first.cohorts.totalCount && reasons.length === first.reasons.totalCount;
  return {
    kind,
    counts,
    matched,
    limitedByScope,
    policy,
    waivers,
    snapshot,
    asOf: isPast(pointInTime) ? snapshot.now : null,
    reasons,
    cohorts,
    complete,
    steady,
  };
}

/** During an upgrade, one server may not know a snapshot of another. Then the fleet is read again. */
function nullIfGone(error: unknown): null {
  if (error instanceof Failure && error.code === 'SNAPSHOT_GONE') return null;
  throw error;
}

const more = (page: {
  reasons: { pageInfo: { hasNextPage: boolean } };
  cohorts: { pageInfo: { hasNextPage: boolean } };
}): boolean => page.reasons.pageInfo.hasNextPage || page.cohorts.pageInfo.hasNextPage;
