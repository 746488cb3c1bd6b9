import { type Plan, nothing } from './plan.js';
import { loadedName } from '../rules/patch.js';
import { rebooted } from './reboot.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { listBelow } from '../facts/rewritten.js';
import type { UnlistedPatch, UnlistedBy, LeftoverModule, ListedPatch } from '../facts/situation.js';

/**
 * Returns the situation after this plan has succeeded and every transition is over.
 *
 * Mirrors what `klp_complete_transition()` leaves: a disabled or replaced patch is off the list and its
 * module stays loaded, until someone removes it. An open transition ends first, unless the plan reverses it.
 *
 * What is known of each patch stays with it, so judging can continue without the catalog.
 */
export function after(host: ResolvedSituation, plan: Plan): ResolvedSituation {
  if (plan.route === 'REBOOT') return plan.next.reduce(after, rebooted(host));
  const ready = plan.reversed === null ? afterTransition(host) : host;
  return plan.next.reduce(after, stepwise(plan).reduce(afterOne, ready));
}

/**
 * Returns the situation after the open transition.
 *
 * Mirrors `klp_unpatch_replaced_patches()`: a cumulative patch replaces those below it. A patch of unknown
 * kind does not.
 */
export function afterTransition(host: ResolvedSituation): ResolvedSituation {
  const open = host.inTransition;
  if (open === null) return host;
  if (!open.enabled) return leave(idle(host), open, 'DISABLED');
  const below = open.replace === true ? host.list.slice(0, host.list.indexOf(open)) : [];
  return below.reduce((now, patch) => leave(now, patch, 'REPLACED'), idle(host));
}

/** Splits the plan: each part disables or loads one patch and ends with a list without a transition. */
function stepwise(plan: Plan): Plan[] {
  if (plan.reversed !== null) return [{ ...plan, next: [] }];
  return [
    ...plan.disabled.map((patch): Plan => ({ ...nothing, route: 'DISABLE', disabled: [patch] })),
    ...plan.removed.map((name): Plan => ({ ...nothing, route: plan.route, removed: [name] })),
    ...(plan.load === null
      ? []
      : [{ ...nothing, route: plan.route, load: plan.load, replaced: plan.replaced }]),
  ];
}

/**
 * Returns whether a reversed enable equals disabling: only post_unpatch would run when the patch is disabled.
 */
const leavesAsDisabled = ({ callbacks }: KnownPatch): boolean => callbacks !== null && !callbacks.preUnpatch;

function afterOne(
  before: ResolvedSituation,
  { disabled, replaced, removed, load, reversed }: Plan,
): ResolvedSituation {
  let host = reversed === null ? before : idle(before);
  for (const patch of disabled)
    host = leave(host, patch, reversed === null || leavesAsDisabled(patch) ? 'DISABLED' : 'UNKNOWN');
  if (removed.length > 0) host = remove(host, removed);
  for (const patch of replaced) host = leave(host, patch, 'REPLACED');
  if (load !== null) host = join(host, load);
  return { ...host, situation: { ...host.situation, previous: earlierList(before, host) } };
}

/**
 * The last settled different list; null if the one before was never settled, or not known by build-ids.
 */
function earlierList(before: ResolvedSituation, now: ResolvedSituation): readonly string[] | null {
  const buildIds = before.list.map((patch) => patch.buildId);
  if (buildIds.length === now.list.length && now.list.every((patch, i) => patch.buildId === buildIds[i]))
    return before.situation.previous;
  return before.inTransition === null && buildIds.every((id) => id !== null) ? buildIds : null;
}

/** Nothing is in transition any more: what is listed is enabled. */
function idle(host: ResolvedSituation): ResolvedSituation {
  const still = <P extends KnownPatch | ListedPatch>(patch: P): P =>
    patch.transition ? { ...patch, enabled: true, transition: false } : patch;
  const { situation } = host;
  return {
    ...host,
    situation: { ...situation, list: situation.list.map(still) },
    list: host.list.map(still),
    inTransition: null,
  };
}

/** Takes a patch off the list. Its module stays, without references. */
function leave(host: ResolvedSituation, patch: KnownPatch, unlistedBy: UnlistedBy): ResolvedSituation {
  const at = host.list.findIndex((listed) => listed.name === patch.name && listed.buildId === patch.buildId);
  if (at < 0) return host;
  const { situation } = host;
  const { name, buildId, reading } = situation.list[at]!;
  const left: LeftoverModule = {
    name,
    buildId,
    reading,
    referenced: false,
    pinned: false,
    moduleState: 'LIVE',
  };
  return {
    ...host,
    situation: {
      ...situation,
      list: situation.list.toSpliced(at, 1),
      leftovers: [...situation.leftovers, left],
      unlisted: [...situation.unlisted, { name, buildId, reading, unlistedBy }],
    },
    list: host.list.toSpliced(at, 1),
    unlisted: [
      ...host.unlisted,
      { known: { ...host.list[at]!, enabled: false, transition: false }, unlistedBy },
    ],
  };
}

const keyOf = ({ name, buildId }: UnlistedPatch | LeftoverModule): string => buildId ?? name;

/** The modules of these names are gone; what they did is not. */
function remove(host: ResolvedSituation, names: readonly string[]): ResolvedSituation {
  const { situation } = host;
  const goes = (module: { readonly name: string }): boolean => names.includes(loadedName(module.name));
  const known = new Set(situation.unlisted.map(keyOf));
  const neverListed = situation.leftovers.filter((module) => goes(module) && !known.has(keyOf(module)));
  const unlisted = neverListed.map(({ name, buildId, reading }): UnlistedPatch => ({
    name,
    buildId,
    reading,
    unlistedBy: 'UNKNOWN',
  }));
  return {
    ...host,
    situation: {
      ...situation,
      leftovers: situation.leftovers.filter((module) => !goes(module)),
      unlisted: [...situation.unlisted, ...unlisted],
    },
    loading: host.loading.filter((module) => !goes(module)),
  };
}

/** On top of the list, enabled. Its replace flag is as its module says: no sysfs has shown it yet. */
function join(host: ResolvedSituation, load: KnownPatch): ResolvedSituation {
  const { situation } = host;
  const { name, buildId } = load;
  const listed: ListedPatch = {
    name,
    buildId,
    enabled: true,
    transition: false,
    replace: null,
    reading: null,
    moduleState: 'LIVE',
    moduleTaint: null,
    file: null,
  };
  return {
    ...host,
    // What is known from before the first livepatch on is known in full.
    situation: {
      ...situation,
      list: [...situation.list, listed],
      tainted: true,
      bootHistory: situation.tainted === false ? 'KNOWN' : situation.bootHistory,
    },
    list: [...listBelow(host.list, load), { ...load, enabled: true, transition: false }],
  };
}
