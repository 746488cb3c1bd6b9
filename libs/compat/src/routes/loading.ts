import { type Plan, disableThenLoad, loadOver } from './plan.js';
import { isListed, type Destination } from './destination.js';
import { loadedName, type Patch } from '../rules/patch.js';
import { type KnownPatch, resolveManifest } from '../facts/resolve.js';
import { replacedBy } from '../rules/select.js';

const NONE: readonly never[] = [];

/**
 * Replacing needs a patch that replaces others, stacking one that does not. If that is not known, neither is
 * excluded.
 */
export function loadPlan(
  route: 'REPLACE' | 'STACK',
  build: KnownPatch,
  { host, rules }: Destination,
): Plan | null {
  const out = replacedBy(build, host.list, rules) ?? NONE;
  if (
    route === 'REPLACE'
      ? build.replace === false && out.length === 0
      : build.replace === true || isListed(build, host)
  )
    return null;
  return loadOver(route, build, out, host.list);
}

/** Stacks the rest of the final list on top; null if one of these patches would replace another. */
export function stackMore(plan: Plan | null, { more, rules }: Destination): Plan | null {
  if (plan === null || more.length === 0) return plan;
  const list = [...plan.stays, plan.load!];
  const next: Plan[] = [];
  for (const patch of more.map(resolveManifest)) {
    if (replacedBy(patch, list, rules)?.length !== 0) return null;
    next.push(loadOver('STACK', patch, NONE, [...list]));
    list.push(patch);
  }
  return { ...plan, next };
}

/**
 * Returns the plan that disables the blockers of the target, and loads it.
 *
 * A blocker is a patch that is not on the final list. Of the patches that the target replaces, only those
 * block that have its name or hold a state that it lacks.
 */
export function disableBlockers(build: KnownPatch, { host, final, rules }: Destination): Plan {
  const { list, situation } = host;
  const out = replacedBy(build, list, rules) ?? NONE;
  const target = build.states === null ? null : asRulesRead(build);
  const blocks = (patch: KnownPatch): boolean =>
    target === null ||
    patch.states === null ||
    rules.some((rule) => rule.findStateRefusals(target, [asRulesRead(patch)]).length > 0);
  const leaving = list.filter((patch) =>
    out.includes(patch) ? patch.name === build.name || blocks(patch) : !final.includes(patch.buildId),
  );
  const leftovers = situation.leftovers.map((leftover) => loadedName(leftover.name));
  const rest = list.filter((patch) => !leaving.includes(patch));
  return disableThenLoad(build, leaving, leftovers, replacedBy(build, rest, rules) ?? NONE, list);
}

const asRulesRead = (patch: KnownPatch): Patch =>
  patch.asPatch ?? { name: patch.name, replace: patch.replace ?? false, states: patch.states ?? [] };
