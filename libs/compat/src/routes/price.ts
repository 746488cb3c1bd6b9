import { type Course, legsOf, listAfter, type Route, ROUTES, stepsOf } from './course.js';
import type { KnownPatch, ResolvedSituation } from '../facts/recognise.js';

/** What a way costs, beside what may go wrong. */
export interface Price {
  readonly reboots: number;
  /** Transitions that end, on the way, without what protects the host today and will in the end. */
  readonly transitionsUnpatched: number;
  /** CVEs that are fixed today and in the end, and open in between; sorted. */
  readonly cvesReopened: readonly string[];
  /** How often all tasks have to change over. */
  readonly transitions: number;
}

const FREE: Price = { reboots: 0, transitionsUnpatched: 0, cvesReopened: [], transitions: 0 };
const ONE_TRANSITION: Price = { ...FREE, transitions: 1 };
const ONE_REBOOT: Price = { ...FREE, reboots: 1 };

/** What does this course cost? What follows it included. */
export function priceOf(course: Course, scene: ResolvedSituation): Price {
  if (course.route === 'REBOOT') return ONE_REBOOT;
  if (course.next.length === 0 && course.disabled.length === 0) return course.route === 'NONE_NEEDED' ? FREE : ONE_TRANSITION;
  const lists = listsOf(course, scene.list);
  const protectedCves = cvesOf(lists.at(-1)!.list).filter((cve) => cvesOf(scene.list).includes(cve));
  const openAfter = ({ list }: OnTheWay): string[] => protectedCves.filter((cve) => !cvesOf(list).includes(cve));
  const between = lists.slice(0, -1);
  return {
    reboots: 0,
    transitionsUnpatched: between.filter((one) => one.beforeLoad || openAfter(one).length > 0).length,
    cvesReopened: [...new Set(between.flatMap(openAfter))].sort(),
    transitions: stepsOf(course).filter((step) => step.action === 'WAIT').length,
  };
}

const cvesOf = (list: readonly KnownPatch[]): string[] => list.flatMap((patch) => patch.manifest?.author?.cves ?? []);

/** A list that the host has on the way. */
interface OnTheWay {
  readonly list: readonly KnownPatch[];
  /** A patch was disabled for the sake of one that is loaded later. */
  readonly beforeLoad: boolean;
}

/** Which lists does the host have on the way, one after each transition? */
function listsOf(course: Course, today: readonly KnownPatch[]): OnTheWay[] {
  const lists: OnTheWay[] = [];
  let list = today;
  for (const leg of legsOf(course)) {
    for (const patch of leg.disabled) {
      list = list.filter((listed) => listed.name !== patch.name || listed.buildId !== patch.buildId);
      lists.push({ list, beforeLoad: leg.load !== null });
    }
    if (leg.load === null) continue;
    list = listAfter(leg);
    lists.push({ list, beforeLoad: false });
  }
  return lists.length === 0 ? [{ list, beforeLoad: false }] : lists;
}

/** Is `a` cheaper (below 0) or dearer than `b`? A reboot is worst, then a time without fixes, then the number of transitions. */
export const comparePrices = (a: Price, b: Price): number =>
  a.reboots - b.reboots || a.transitionsUnpatched - b.transitionsUnpatched || a.cvesReopened.length - b.cvesReopened.length || a.transitions - b.transitions;

/** Of two routes at one price, which comes first? */
export const compareRoutes = (a: Route, b: Route): number => ROUTES.indexOf(a) - ROUTES.indexOf(b);
