import { type Criteria, pushAgainst } from '../checks/against.js';
import { after } from '../routes/after.js';
import { type Plan, loadOver, type Route } from '../routes/plan.js';
import type { Destination } from '../routes/destination.js';
import type { Manifest } from '../facts/manifest.js';
import { comparePrices, type Price, priceOf } from '../routes/price.js';
import type { Reason } from '../reasons/reasons.js';
import { resolveManifest, type ResolvedSituation } from '../facts/resolve.js';
import { findPlans } from '../routes/routes.js';
import { replacedBy } from '../rules/select.js';
import type { Target } from '../routes/target.js';
import { answerBy, compareAnswers, type Searched, type Verdict } from './verdict.js';

/** So many builds are tried as a bridge, and no more. */
export const BRIDGES_TRIED = 64;

/** By what a bridge may be left. */
const OFF_THE_BRIDGE: readonly Route[] = ['REPLACE', 'STACK', 'DISABLE', 'DISABLE_THEN_LOAD'];

/** No bridge costs less. */
export const CHEAPEST_BRIDGE: Price = { reboots: 0, transitionsUnpatched: 0, cvesReopened: [], transitions: 2 };

/** What the search found. */
export interface Bridge {
  /** null where no build leads there. */
  readonly plan: Plan | null;
  readonly searched: Searched;
}

interface Found {
  readonly plan: Plan;
  readonly answer: Pick<Verdict, 'kind' | 'accepted'>;
  readonly price: Price;
}

/**
 * Over which catalogued build could the host go, to leave it by a route that is not open today?
 *
 * The best answer of all that were tried: the most acceptable, among these the cheapest, among these by build-ids. Of a build that today's list
 * would refuse for its states nothing is tried, nor of one that is recalled.
 *
 * @param allow UNKNOWN codes that the question allows
 */
export function findBridge(destination: Destination, target: Target, criteria: Criteria, allow: readonly string[]): Bridge {
  const { host } = destination;
  const builds = onto(destination, criteria);
  let best: Found | null = null;
  for (const build of builds.slice(0, BRIDGES_TRIED)) {
    const first = ontoBridge(build, host, criteria);
    for (const second of findPlans({ ...destination, host: after(host, first) }, target, OFF_THE_BRIDGE).plans) {
      const plan: Plan = { ...first, next: [second, ...second.next].map((stage) => ({ ...stage, next: [] })) };
      const reasons: Reason[] = [];
      pushAgainst(reasons, plan, host, criteria);
      const found: Found = { plan, answer: answerBy(reasons, allow), price: priceOf(plan, host) };
      if (best === null || (compareAnswers(found.answer, best.answer) || comparePrices(found.price, best.price)) < 0) best = found;
    }
  }
  return { plan: best?.plan ?? null, searched: { tried: Math.min(builds.length, BRIDGES_TRIED), of: builds.length } };
}

/** Which builds for this kernel would take today's list, by build-id? */
function onto({ host, final }: Destination, { rules, catalog }: Criteria): Manifest[] {
  const { kernelRelease, arch } = host.situation;
  const elsewhere = new Set([...final, ...host.list.map((patch) => patch.buildId)]);
  const listed = host.list.flatMap((patch) => patch.asPatch ?? []);
  const accepts = (build: Manifest): boolean => {
    const { asPatch } = resolveManifest(build);
    return asPatch !== null && rules.candidates.every((rule) => rule.findStateRefusals(asPatch, listed).length === 0);
  };
  const fits = (build: Manifest): boolean =>
    build.kernelRelease === kernelRelease && build.arch === arch && build.livepatch && !build.recalled && !elsewhere.has(build.buildId);
  return (catalog.bridges?.(kernelRelease, arch) ?? [])
    .filter((build) => fits(build) && accepts(build))
    .toSorted((a, b) => (a.buildId < b.buildId ? -1 : a.buildId > b.buildId ? 1 : 0));
}

function ontoBridge(build: Manifest, { list }: ResolvedSituation, { rules }: Criteria): Plan {
  const bridge = resolveManifest(build);
  return { ...loadOver('REPLACE', bridge, replacedBy(bridge, list, rules.candidates) ?? [], list), route: 'BRIDGE' };
}
