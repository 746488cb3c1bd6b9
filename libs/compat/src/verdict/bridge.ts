import { type Criteria, findAgainst } from '../checks/against.js';
import type { Manifest } from '../facts/manifest.js';
import { resolveManifest, type ResolvedSituation } from '../facts/resolve.js';
import { after } from '../routes/after.js';
import type { Destination } from '../routes/destination.js';
import { type Plan, loadOver, type Route } from '../routes/plan.js';
import { comparePrices, type Price, priceOf } from '../routes/price.js';
import { findPlans } from '../routes/routes.js';
import type { Target } from '../routes/target.js';
import { replacedBy } from '../rules/select.js';
import { answerBy, compareAnswers, type BridgeSearch, type Verdict } from './verdict.js';

/** Maximum number of builds that are tried as a bridge. */
export const BRIDGES_TRIED = 64;

const ROUTES_FROM_BRIDGE: readonly Route[] = ['REPLACE', 'STACK', 'DISABLE', 'DISABLE_THEN_LOAD'];

/** The lowest price that a bridge can have. */
export const CHEAPEST_BRIDGE: Price = {
  reboots: 0,
  transitionsUnpatched: 0,
  cvesReopened: [],
  transitions: 2,
};

/** What the search found. */
export interface Bridge {
  /** null if no build leads there. */
  readonly plan: Plan | null;
  readonly searched: BridgeSearch;
}

interface Found {
  readonly plan: Plan;
  readonly answer: Pick<Verdict, 'kind' | 'accepted'>;
  readonly price: Price;
}

/**
 * Searches the catalog for a build to load first (a bridge), from which a route leads to the target.
 *
 * Returns the plan with the best verdict: accepted first, then the lowest cost, then the lowest build-id.
 * Skips builds that are recalled, listed already, part of the target, or refused by the check of states.
 *
 * @param allow UNKNOWN codes that the question allows
 */
export function findBridge(
  destination: Destination,
  target: Target,
  criteria: Criteria,
  allow: readonly string[],
): Bridge {
  const { host } = destination;
  const builds = findBuilds(destination, criteria);
  let best: Found | null = null;
  for (const build of builds.slice(0, BRIDGES_TRIED)) {
    const first = planOnto(build, host, criteria);
    for (const second of findPlans({ ...destination, host: after(host, first) }, target, ROUTES_FROM_BRIDGE)
      .plans) {
      const plan: Plan = {
        ...first,
        next: [second, ...second.next].map((stage) => ({ ...stage, next: [] })),
      };
      const { reasons } = findAgainst(plan, host, criteria);
      const found: Found = { plan, answer: answerBy(reasons, allow), price: priceOf(plan, host) };
      if (
        best === null ||
        (compareAnswers(found.answer, best.answer) || comparePrices(found.price, best.price)) < 0
      )
        best = found;
    }
  }
  return {
    plan: best?.plan ?? null,
    searched: { tried: Math.min(builds.length, BRIDGES_TRIED), of: builds.length },
  };
}

/** Returns the builds for this kernel that pass the check of states against the list, ordered by build-id. */
function findBuilds({ host, final }: Destination, { rules, catalog }: Criteria): Manifest[] {
  const { kernelRelease, arch } = host.situation;
  const excluded = new Set([...final, ...host.list.map((patch) => patch.buildId)]);
  const listed = host.list.flatMap((patch) => patch.asPatch ?? []);
  const accepts = (build: Manifest): boolean => {
    const { asPatch } = resolveManifest(build);
    return (
      asPatch !== null &&
      rules.candidates.every((rule) => rule.findStateRefusals(asPatch, listed).length === 0)
    );
  };
  const fits = (build: Manifest): boolean =>
    build.kernelRelease === kernelRelease &&
    build.arch === arch &&
    build.livepatch &&
    !build.recalled &&
    !excluded.has(build.buildId);
  return (catalog.bridges?.(kernelRelease, arch) ?? [])
    .filter((build) => fits(build) && accepts(build))
    .toSorted((a, b) => (a.buildId < b.buildId ? -1 : a.buildId > b.buildId ? 1 : 0));
}

function planOnto(build: Manifest, { list }: ResolvedSituation, { rules }: Criteria): Plan {
  const bridge = resolveManifest(build);
  return loadOver('BRIDGE', bridge, replacedBy(bridge, list, rules.candidates)!, list);
}
