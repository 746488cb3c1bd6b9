import { type Plan, disableOnly, leadsTo, loadOver, type Route, ROUTES, noOp, reverse } from './plan.js';
import { isListed, type Destination } from './destination.js';
import { loadPlan, disableBlockers, stackMore } from './loading.js';
import { rebootInto } from './reboot.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import type { Reason } from '../reasons/reasons.js';
import { replacedBy } from '../rules/select.js';
import type { Target } from './target.js';

// in the order of ROUTES
const FOR_ORIGINAL: readonly Route[] = ['NONE_NEEDED', 'DISABLE'];
const FOR_PATCHES: readonly Route[] = ['NONE_NEEDED', 'REPLACE'];

/** The routes of a question that names none. */
const defaultRoutes = (target: Target): readonly Route[] =>
  target.kind === 'ORIGINAL' ? FOR_ORIGINAL : FOR_PATCHES;

/** The plans that lead to the final list, and what stands against finding any. */
export interface Plans {
  readonly plans: readonly Plan[];
  readonly reasons: readonly Reason[];
  /** The host is on the final list already, without a transition. */
  readonly there: boolean;
}

/**
 * Returns the plans, by the routes asked for, that lead from today's list to the final one. `BRIDGE` is not
 * among them.
 *
 * If the host is there already, only a reboot is considered: it undoes what was left behind. A reboot about
 * which nothing is reported is an answer only if there is no other route.
 *
 * @param asked null: the default routes. A non-cumulative target is then judged by `STACK`, so that its
 *   reasons are returned, and never accepted: the question does not say what may stay below it
 */
export function findPlans(destination: Destination, target: Target, asked: readonly Route[] | null): Plans {
  const { host, final, build } = destination;
  const routes = asked ?? defaultRoutes(target);
  const there = isThere(host, final);
  let plans: readonly Plan[] = NONE;
  for (const route of asked === null ? routes : ROUTES) {
    if (
      (asked !== null && !asked.includes(route)) ||
      (there && route !== 'NONE_NEEDED' && route !== 'REBOOT')
    )
      continue;
    const plan = planOf(route, destination, there);
    if (plan === null || (route === 'REBOOT' && host.situation.boot === null && plans.length > 0)) continue;
    if (plan.route === 'NONE_NEEDED' || leadsTo(plan, final))
      plans = plans.length === 0 ? [plan] : [...plans, plan];
  }
  if (plans.length > 0) return { plans, reasons: NONE, there };
  if (there) return { ...none(routes, 'the host is there already: name the route NONE_NEEDED'), there };
  if (asked === null && build?.replace === false && !isListed(build, host))
    return stackUnasked(destination, build);
  return none(routes, 'none of the routes asked for leads to that list');
}

const NONE: readonly never[] = [];
const none = (routes: readonly Route[], detail: string): Plans => ({
  plans: NONE,
  reasons: [{ code: 'TARGET_UNRESOLVED', route: routes.join(', '), detail }],
  there: false,
});

const stackUnasked = ({ host, rules }: Destination, build: KnownPatch): Plans => ({
  plans: [loadOver('STACK', build, replacedBy(build, host.list, rules) ?? NONE, host.list)],
  reasons: [
    {
      code: 'TARGET_UNRESOLVED',
      patch: build.name,
      route: 'STACK',
      detail: 'a non-cumulative target goes on top of what is listed: name the route STACK',
    },
  ],
  there: false,
});

/** Returns whether the host is on the final list, without a transition. */
const isThere = (host: ResolvedSituation, final: readonly (string | null)[]): boolean =>
  host.inTransition === null &&
  host.list.length === final.length &&
  host.list.every((patch, i) => patch.buildId !== null && patch.buildId === final[i]);

/** The plan of one route; null if the route does not lead there. */
function planOf(route: Route, destination: Destination, there: boolean): Plan | null {
  const { host, final, build, more } = destination;
  switch (route) {
    case 'NONE_NEEDED':
      return there ? noOp(host.list) : null;
    case 'REVERSE':
      return host.inTransition === null ? null : reverse(host.inTransition, host.list);
    case 'REPLACE':
    case 'STACK':
      return build === null ? null : stackMore(loadPlan(route, build, destination), destination);
    case 'DISABLE':
      return planDisabling(host, final);
    case 'DISABLE_THEN_LOAD':
      return build === null || more.length > 0 || isListed(build, host)
        ? null
        : disableBlockers(build, destination);
    case 'REBOOT':
      return rebootInto(final, host, [...(build?.manifest ? [build.manifest] : []), ...more]);
    case 'BRIDGE':
      return null;
  }
}

/** Disabling can lead there only if something is to leave. */
function planDisabling(host: ResolvedSituation, final: readonly (string | null)[]): Plan | null {
  const leaving = host.list.filter((patch) => !final.includes(patch.buildId));
  return leaving.length > 0 ? disableOnly(leaving, host.list) : null;
}
