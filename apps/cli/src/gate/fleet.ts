import { Failure } from '../exits.js';
import type { Cohort, Counts, Kind, ReasonCount, Snapshot } from '../registry/answers.js';
import type { Registry } from '../registry/client.js';
import { CAN_DOWNGRADE } from '../registry/documents.js';
import { nextCursor, PAGE_SIZE } from '../registry/pages.js';
import type { TargetInput } from '../registry/target.js';
import type { HostFilter } from '../where/filter.js';
import { isPast, type PointInTime, wrongPointInTime } from './point-in-time.js';
import type { QuestionVariables } from './question.js';

/** The registry's answer for a fleet, all of its pages put together. */
export interface FleetAnswer {
  readonly kind: Kind;
  readonly counts: Counts;
  readonly matched: number;
  readonly limitedByScope: boolean;
  readonly snapshot: Snapshot;
  /** The instant in the past that was asked of; null: the present. */
  readonly asOf: string | null;
  readonly reasons: readonly ReasonCount[];
  readonly cohorts: readonly Cohort[];
  /** Every reason and cohort is here; false: there were more than `MOST`. */
  readonly complete: boolean;
  /** All pages saw the same fleet. */
  readonly steady: boolean;
}

export interface FleetQuestion extends QuestionVariables {
  readonly to: TargetInput;
  readonly where: HostFilter;
}

/** So many cohorts, and so many reasons, are read at most. */
const MOST = 2000;
/** How often a fleet that changed between two pages is read again. */
const ATTEMPTS = 3;

/** Asks for the fleet's verdict at this moment, with every reason and cohort. */
export async function askFleet(question: FleetQuestion, pointInTime: PointInTime, registry: Registry): Promise<FleetAnswer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await readPages(question, pointInTime, registry);
    if (answer.steady || attempt === ATTEMPTS) return answer;
  }
}

/**
 * Reads all pages, those after the first of the first one's moment: by its snapshot, else by the instant that was asked for.
 *
 * A present that has no snapshot is read as it goes. Whichever it is, every page is held against the first.
 */
async function readPages(question: FleetQuestion, pointInTime: PointInTime, registry: Registry): Promise<FleetAnswer> {
  const cursors: { reasonsAfter: string | null; cohortsAfter: string | null } = { reasonsAfter: null, cohortsAfter: null };
  const ask = async (of: PointInTime) => {
    const answer = (await registry.ask(CAN_DOWNGRADE, { ...question, ...of, first: PAGE_SIZE, ...cursors })).canDowngrade;
    const other = wrongPointInTime(of, answer.snapshot);
    if (other !== null) throw other;
    return answer;
  };
  const first = await ask(pointInTime);
  const same = first.snapshot.id === null ? pointInTime : { snapshot: first.snapshot.id };
  const [reasons, cohorts] = [[...first.reasons.nodes], [...first.cohorts.nodes]];
  let page = first;
  let steady = true;
  while (steady && more(page) && reasons.length < MOST && cohorts.length < MOST) {
    if (page.reasons.pageInfo.hasNextPage) cursors.reasonsAfter = nextCursor(page.reasons, cursors.reasonsAfter);
    else cursors.reasonsAfter = page.reasons.pageInfo.endCursor ?? cursors.reasonsAfter;
    if (page.cohorts.pageInfo.hasNextPage) cursors.cohortsAfter = nextCursor(page.cohorts, cursors.cohortsAfter);
    else cursors.cohortsAfter = page.cohorts.pageInfo.endCursor ?? cursors.cohortsAfter;
    const next = await ask(same).catch(nullWhereGone);
    steady = next !== null && JSON.stringify([first.kind, first.counts, first.matched]) === JSON.stringify([next.kind, next.counts, next.matched]);
    page = next ?? page;
    reasons.push(...(next?.reasons.nodes ?? []));
    cohorts.push(...(next?.cohorts.nodes ?? []));
  }
  const { kind, counts, matched, limitedByScope, snapshot } = first;
  const complete = !more(page) && cohorts.length === first.cohorts.totalCount && reasons.length === first.reasons.totalCount;
  return { kind, counts, matched, limitedByScope, snapshot, asOf: isPast(pointInTime) ? snapshot.now : null, reasons, cohorts, complete, steady };
}

/** Servers that are being replaced may not know each other's snapshots: then it is read again, as where the fleet has changed. */
function nullWhereGone(error: unknown): null {
  if (error instanceof Failure && error.code === 'SNAPSHOT_GONE') return null;
  throw error;
}

const more = (page: { reasons: { pageInfo: { hasNextPage: boolean } }; cohorts: { pageInfo: { hasNextPage: boolean } } }): boolean =>
  page.reasons.pageInfo.hasNextPage || page.cohorts.pageInfo.hasNextPage;
