import type { Cohort, Counts, Kind, ReasonCount } from '../registry/answers.js';
import type { Registry } from '../registry/client.js';
import { CAN_DOWNGRADE } from '../registry/documents.js';
import { nextCursor, PAGE_SIZE } from '../registry/pages.js';
import type { TargetInput } from '../registry/target.js';
import type { HostFilter } from '../where/filter.js';
import type { QuestionVariables } from './question.js';

/** The registry's answer for a fleet, all of its pages put together. */
export interface FleetAnswer {
  readonly kind: Kind;
  readonly counts: Counts;
  readonly matched: number;
  readonly limitedByScope: boolean;
  readonly snapshot: { readonly now: string };
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

/** Asks for the fleet's verdict, with every reason and cohort. */
export async function askFleet(question: FleetQuestion, registry: Registry): Promise<FleetAnswer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await readPages(question, registry);
    if (answer.steady || attempt === ATTEMPTS) return answer;
  }
}

async function readPages(question: FleetQuestion, registry: Registry): Promise<FleetAnswer> {
  const ask = async (cursors: { reasonsAfter: string | null; cohortsAfter: string | null }) =>
    (await registry.ask(CAN_DOWNGRADE, { ...question, first: PAGE_SIZE, ...cursors })).canDowngrade;
  const cursors: { reasonsAfter: string | null; cohortsAfter: string | null } = { reasonsAfter: null, cohortsAfter: null };
  const first = await ask(cursors);
  const [reasons, cohorts] = [[...first.reasons.nodes], [...first.cohorts.nodes]];
  let page = first;
  let steady = true;
  while (steady && more(page) && reasons.length < MOST && cohorts.length < MOST) {
    if (page.reasons.pageInfo.hasNextPage) cursors.reasonsAfter = nextCursor(page.reasons, cursors.reasonsAfter);
    else cursors.reasonsAfter = page.reasons.pageInfo.endCursor ?? cursors.reasonsAfter;
    if (page.cohorts.pageInfo.hasNextPage) cursors.cohortsAfter = nextCursor(page.cohorts, cursors.cohortsAfter);
    else cursors.cohortsAfter = page.cohorts.pageInfo.endCursor ?? cursors.cohortsAfter;
    page = await ask(cursors);
    reasons.push(...page.reasons.nodes);
    cohorts.push(...page.cohorts.nodes);
    steady = JSON.stringify([first.kind, first.counts, first.matched]) === JSON.stringify([page.kind, page.counts, page.matched]);
  }
  const { kind, counts, matched, limitedByScope, snapshot } = first;
  const complete = !more(page) && cohorts.length === first.cohorts.totalCount && reasons.length === first.reasons.totalCount;
  return { kind, counts, matched, limitedByScope, snapshot, reasons, cohorts, complete, steady };
}

const more = (page: { reasons: { pageInfo: { hasNextPage: boolean } }; cohorts: { pageInfo: { hasNextPage: boolean } } }): boolean =>
  page.reasons.pageInfo.hasNextPage || page.cohorts.pageInfo.hasNextPage;
