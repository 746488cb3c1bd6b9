import { EXIT, unexpected } from '../exits.js';
import type { Registry } from '../registry/client.js';
import {
  ASK_PLAN,
  type AskPlan,
  LIST_BLOCKED,
  LIST_PLANNED,
  type HostFilter,
  type PlanGroup,
  type TargetInput,
} from '../registry/generated/operations.js';
import { gather, nextCursor, PAGE_SIZE } from '../registry/pages.js';
import type { Decision } from './decide.js';
import type { QuestionVariables } from './question.js';

export interface PlanQuestion extends QuestionVariables {
  /** Left out with `newest`. */
  readonly to?: TargetInput;
  readonly newest?: true;
  readonly where: HostFilter;
  readonly asOf?: string;
  readonly drainBy?: string;
  readonly atOnce?: number;
}

/** A group, with the names of its hosts if they were asked for. */
export interface ListedGroup extends PlanGroup {
  readonly members?: readonly string[];
}

/** A plan, combined from all pages. */
export interface PlanAnswer extends Omit<AskPlan['plan'], 'groups' | 'blockedGroups'> {
  readonly groups: readonly ListedGroup[];
  readonly blockedGroups: readonly ListedGroup[];
  /** All groups are here. */
  readonly complete: boolean;
}

/** The maximum number of pages to read. */
const MAX_PAGES = 20;

/** The maximum number of hosts of a group that are listed. */
const MAX_MEMBERS = 10_000;

/**
 * Asks for the plan of a fleet, with all its groups.
 *
 * @param isListed each group has the names of its hosts
 */
export async function askPlan(
  question: PlanQuestion,
  registry: Registry,
  isListed = false,
): Promise<PlanAnswer> {
  const groups: ListedGroup[] = [];
  const blockedGroups: ListedGroup[] = [];
  let cursors: { after: string | null; blockedAfter: string | null } = { after: null, blockedAfter: null };
  let same: object = {};
  for (let pages = 1; ; pages++) {
    const { plan } = await registry.ask(ASK_PLAN, { ...question, ...same, ...cursors, first: PAGE_SIZE });
    if (isListed && plan.snapshot.id !== null) same = { snapshot: plan.snapshot.id, asOf: null };
    const namesOf = memberNames({ ...question, ...same }, registry);
    groups.push(
      ...(isListed
        ? await withMembers(plan.groups, cursors.after, LIST_PLANNED, namesOf)
        : plan.groups.nodes),
    );
    blockedGroups.push(
      ...(isListed
        ? await withMembers(plan.blockedGroups, cursors.blockedAfter, LIST_BLOCKED, namesOf)
        : plan.blockedGroups.nodes),
    );
    const more = plan.groups.pageInfo.hasNextPage || plan.blockedGroups.pageInfo.hasNextPage;
    if (more && pages < MAX_PAGES) {
      // the next pages are of the same instant, unless the answer cannot be repeated
      if (plan.snapshot.id !== null) same = { snapshot: plan.snapshot.id, asOf: null };
      const next = (page: typeof plan.groups, after: string | null): string | null =>
        page.pageInfo.hasNextPage ? nextCursor(page, after) : (page.pageInfo.endCursor ?? after);
      cursors = {
        after: next(plan.groups, cursors.after),
        blockedAfter: next(plan.blockedGroups, cursors.blockedAfter),
      };
      continue;
    }
    const answer = { ...plan, groups, blockedGroups, complete: !more };
    refuseContradiction(answer);
    return answer;
  }
}

type Page = AskPlan['plan']['groups'];
type ListMembers = typeof LIST_PLANNED | typeof LIST_BLOCKED;

/** Returns the names of the hosts of the group after a cursor. */
const memberNames =
  (question: PlanQuestion, registry: Registry) =>
  async (operation: ListMembers, group: string | null): Promise<string[]> => {
    const { nodes } = await gather(async (first, after) => {
      const { plan } = await registry.ask(operation, { ...question, group, first, after });
      const [found] = plan.groups.nodes;
      if (found === undefined) throw unexpected('the registry does not find a group of its plan again');
      return found.members;
    }, MAX_MEMBERS);
    return nodes.map(({ hostname }) => hostname);
  };

/** Adds the names of their hosts to the groups of a page, each found by the cursor before it. */
async function withMembers(
  { nodes, edges }: Page,
  after: string | null,
  operation: ListMembers,
  namesOf: ReturnType<typeof memberNames>,
): Promise<ListedGroup[]> {
  const listed: ListedGroup[] = [];
  for (const [i, group] of nodes.entries())
    listed.push({ ...group, members: await namesOf(operation, edges[i - 1]?.cursor ?? after) });
  return listed;
}

const sum = (rows: readonly { readonly hosts: number }[]): number =>
  rows.reduce((total, { hosts }) => total + hosts, 0);

function refuseContradiction(answer: PlanAnswer): void {
  const { matched, served, blocked, groups, blockedGroups, routes, reboots, complete } = answer;
  const isConsistent =
    served + blocked === matched &&
    sum(routes) === served &&
    reboots <= served &&
    groups.every(({ verdict }) => verdict.accepted && verdict.route !== null) &&
    blockedGroups.every(({ verdict }) => !verdict.accepted) &&
    (!complete || (sum(groups) === served && sum(blockedGroups) === blocked));
  if (!isConsistent) throw unexpected('the registry’s answer contradicts itself: its groups do not add up');
}

/**
 * Decides whether the plan serves every host: a host that the kernel refuses or that would be harmed is a no.
 */
export function decidePlan(answer: PlanAnswer): Decision {
  const { matched, served, blocked, blockedGroups, limitedByScope, complete } = answer;
  const of = `of ${hostsText(matched)}`;
  const cannotTell = (why: string): Decision => ({ exit: EXIT.CANNOT_TELL, answer: 'cannot tell', why });
  if (blocked > 0) {
    const why =
      `${blocked} ${of} ${blocked === 1 ? 'has' : 'have'} no route, ` +
      `${served} ${served === 1 ? 'has' : 'have'} one`;
    const isUnknown = complete && blockedGroups.every(({ verdict }) => verdict.kind === 'UNKNOWN');
    return isUnknown ? cannotTell(why) : { exit: EXIT.NO, answer: 'no', why };
  }
  if (limitedByScope) return cannotTell('the token is limited to some of the matching hosts');
  if (matched === 0) return cannotTell('no host matches');
  return { exit: EXIT.YES, answer: 'yes', why: `${served} ${of} ${served === 1 ? 'has' : 'have'} a route` };
}

const hostsText = (count: number): string => (count === 1 ? '1 host' : `${count} hosts`);
