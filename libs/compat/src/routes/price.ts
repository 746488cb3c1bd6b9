import { type Plan, stagesOf, listAfter, type Route, ROUTES, stepsOf } from './plan.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';

/** What a plan costs, apart from what may go wrong. */
export interface Price {
  readonly reboots: number;
  /** Transitions that end without a fix that the host has today and will have in the end. */
  readonly transitionsUnpatched: number;
  /** CVEs that are fixed today and in the end, and open in between; sorted. */
  readonly cvesReopened: readonly string[];
  /** Number of transitions of all tasks. */
  readonly transitions: number;
}

const FREE: Price = { reboots: 0, transitionsUnpatched: 0, cvesReopened: [], transitions: 0 };
const ONE_TRANSITION: Price = { ...FREE, transitions: 1 };
const ONE_REBOOT: Price = { ...FREE, reboots: 1 };

/** Returns the price of this plan, with the stages that follow it. */
export function priceOf(plan: Plan, host: ResolvedSituation): Price {
  if (plan.route === 'REBOOT') return ONE_REBOOT;
  if (plan.next.length === 0 && plan.disabled.length === 0)
    return plan.route === 'NONE_NEEDED' ? FREE : ONE_TRANSITION;
  const lists = listsOf(plan, host.list);
  const protectedCves = cvesOf(lists.at(-1)!.list).filter((cve) => cvesOf(host.list).includes(cve));
  const openAfter = ({ list }: IntermediateList): string[] =>
    protectedCves.filter((cve) => !cvesOf(list).includes(cve));
  const between = lists.slice(0, -1);
  return {
    reboots: 0,
    transitionsUnpatched: between.filter((one) => one.beforeLoad || openAfter(one).length > 0).length,
    cvesReopened: [...new Set(between.flatMap(openAfter))].sort(),
    transitions: stepsOf(plan).filter((step) => step.action === 'WAIT').length,
  };
}

const cvesOf = (list: readonly KnownPatch[]): string[] =>
  list.flatMap((patch) => patch.manifest?.author?.cves ?? []);

/** A list between two transitions. */
interface IntermediateList {
  readonly list: readonly KnownPatch[];
  /** A patch was disabled so that another can be loaded later. */
  readonly beforeLoad: boolean;
}

/** Returns the lists after each transition. */
function listsOf(plan: Plan, today: readonly KnownPatch[]): IntermediateList[] {
  const lists: IntermediateList[] = [];
  let list = today;
  for (const stage of stagesOf(plan)) {
    for (const patch of stage.disabled) {
      list = list.filter((listed) => listed.name !== patch.name || listed.buildId !== patch.buildId);
      lists.push({ list, beforeLoad: stage.load !== null });
    }
    if (stage.load === null) continue;
    list = listAfter(stage);
    lists.push({ list, beforeLoad: false });
  }
  return lists.length === 0 ? [{ list, beforeLoad: false }] : lists;
}

/**
 * Orders prices, the cheapest first: reboots, then the time without fixes, then the number of transitions.
 */
export const comparePrices = (a: Price, b: Price): number =>
  a.reboots - b.reboots ||
  a.transitionsUnpatched - b.transitionsUnpatched ||
  a.cvesReopened.length - b.cvesReopened.length ||
  a.transitions - b.transitions;

/** Orders routes of one price. */
export const compareRoutes = (a: Route, b: Route): number => ROUTES.indexOf(a) - ROUTES.indexOf(b);
