import {
  type UnlistedPatch,
  type LeftoverModule,
  type ListedPatch,
  loadedName,
  type Situation,
} from '@klpreg/compat';
import { cameTwice, type KernelLog, type LogEvent, showsDisabled, wasListed } from './kernel-log.js';
import { keyOf } from './modules.js';

/** Two reports of a host within one boot, and what is known of the time between them. */
export interface ReportPair {
  readonly before: Pick<Situation, 'list' | 'leftovers' | 'unlisted' | 'bootHistory'>;
  readonly list: readonly ListedPatch[];
  readonly leftovers: readonly LeftoverModule[];
  /** Keys of leftovers whose directory is still there: the kernel has not given back their reference yet. */
  readonly lingering: ReadonlySet<string>;
  readonly log: KernelLog | null;
  /** Both reports are complete and free of contradictions. */
  readonly reliable: boolean;
  /** The reports are too far apart to say that nothing happened in between. */
  readonly gap: boolean;
  /** Key of the patch that was seen settled, and then being disabled. */
  readonly disabling: string | null;
}

/**
 * Returns the patches that have left the list in this boot, and how: those of before, and those of this pair,
 * without what came back.
 */
export function unlistedAfter(pair: ReportPair): UnlistedPatch[] {
  if (isUnchanged(pair)) return [...pair.before.unlisted];
  const { before, list, leftovers } = pair;
  const change = changeOf(pair);
  const left = before.list
    .filter((patch) => !change.listed.has(keyOf(patch)))
    .map(({ name, buildId, reading, ...flags }) => ({
      name,
      buildId,
      reading,
      unlistedBy: unlistedByOf({ name, buildId, ...flags }, change, pair),
    }));
  const gone = new Set(left.map(keyOf));
  const kept = before.unlisted
    .filter((patch) => !change.listed.has(keyOf(patch)) && !gone.has(keyOf(patch)))
    .map((patch) => reviewed(patch, change));
  const known = new Set([...change.listed, ...gone, ...kept.map(keyOf)]);
  // A module that is still loading may become listed, or be refused.
  const never = leftovers
    .filter((module) => module.moduleState !== 'LOADING' && !known.has(keyOf(module)))
    .map(({ name, buildId, reading }) => ({ name, buildId, reading, unlistedBy: 'UNKNOWN' as const }))
    .map((patch) => reviewed(patch, change));
  return [...kept, ...left, ...never, ...loggedOnly(pair, [...list, ...kept, ...left, ...never])];
}

/** Most reports: the same list and the same leftovers, each of which is remembered already. */
function isUnchanged({ before, list, leftovers, lingering, log }: ReportPair): boolean {
  if (
    log !== null ||
    lingering.size > 0 ||
    list.length !== before.list.length ||
    leftovers.length !== before.leftovers.length
  )
    return false;
  if (!list.every((patch, i) => keyOf(patch) === keyOf(before.list[i]!))) return false;
  return leftovers.every((module, i) => {
    const old = before.leftovers[i]!;
    const key = keyOf(module);
    return (
      key === keyOf(old) &&
      module.referenced === old.referenced &&
      before.unlisted.some((patch) => keyOf(patch) === key)
    );
  });
}

/** Patches that only the kernel log names. It has no build-ids, and a name may stand for several builds. */
function loggedOnly(
  { log, before }: ReportPair,
  known: readonly { readonly name: string; readonly buildId: string | null }[],
): UnlistedPatch[] {
  if (log === null) return [];
  const names = new Set(known.map(({ name }) => loadedName(name)));
  const keys = new Set(known.map(keyOf));
  const missed = (name: string, events: readonly LogEvent[]) =>
    names.has(name)
      ? before.bootHistory !== 'KNOWN' && cameTwice(events) && !keys.has(name)
      : wasListed(events);
  return [...log.events].flatMap(([name, events]) =>
    missed(name, events) ? [{ name, buildId: null, reading: null, unlistedBy: 'UNKNOWN' as const }] : [],
  );
}

/**
 * The differences between two reports, found once for all patches: the work grows with the sum of the lists,
 * not with their product.
 */
interface Change {
  readonly listed: ReadonlySet<string>;
  readonly loaded: ReadonlySet<string>;
  /** Off the list, without a directory, and with a reference (or the count was not reported). */
  readonly referenced: ReadonlySet<string>;
  /** A patch on the list may have replaced those that left. */
  readonly replaced: boolean;
  /** Something new is on the list, is loaded, or is in the log; or something was coming in that is gone. */
  readonly unexplained: boolean;
  /** By how many builds each name was used. */
  readonly builds: ReadonlyMap<string, ReadonlySet<string>>;
}

function changeOf({ before, list, leftovers, lingering, log }: ReportPair): Change {
  const known = new Set(before.list.map(keyOf));
  const seen = new Set([...known, ...before.leftovers.map(keyOf), ...before.unlisted.map(keyOf)]);
  const listed = new Set(list.map(keyOf));
  const newcomers = list.filter((patch) => !known.has(keyOf(patch)));
  const comingIn = before.list.filter((patch) => patch.transition && patch.enabled);
  const finished = comingIn.filter((patch) => listed.has(keyOf(patch)));
  const builds = new Map<string, Set<string>>();
  for (const module of [...before.list, ...before.leftovers, ...before.unlisted, ...list, ...leftovers]) {
    const name = loadedName(module.name);
    builds.set(name, (builds.get(name) ?? new Set()).add(keyOf(module)));
  }
  const onlyLogged = [...(log?.events ?? [])].some(
    ([name, events]) => wasListed(events) && !builds.has(name),
  );
  return {
    listed,
    builds,
    loaded: new Set(leftovers.map(keyOf)),
    referenced: new Set(
      leftovers
        .filter(({ referenced }) => referenced)
        .map(keyOf)
        .filter((key) => !lingering.has(key)),
    ),
    replaced: [...newcomers, ...finished].some((patch) => patch.replace !== false),
    unexplained:
      onlyLogged ||
      newcomers.length > 0 ||
      finished.length < comingIn.length ||
      leftovers.some((module) => !seen.has(keyOf(module))),
  };
}

/**
 * Says how this patch left the list. The first that applies: forced, replaced, unknown, disabled.
 *
 * Only a disabled patch ran its callbacks, so it takes proof: the kernel's log, or two looks close to each
 * other between which nothing else happened.
 */
function unlistedByOf(
  patch: Omit<ListedPatch, 'reading'>,
  change: Change,
  pair: ReportPair,
): UnlistedPatch['unlistedBy'] {
  const key = keyOf(patch);
  const name = loadedName(patch.name);
  const events = pair.log?.events.get(name) ?? [];
  if (change.referenced.has(key) || events.includes('FORCED')) return 'FORCED';
  if (!pair.reliable) return 'UNKNOWN';
  if (change.replaced) return 'REPLACED';
  if (events.length > 0 && change.builds.get(name)!.size === 1 && showsDisabled(events)) return 'DISABLED';
  const disproved = events.includes('REVERSED') || (pair.log?.reachesBoot === true && !isLeaving(events));
  if (disproved || pair.gap || change.unexplained || !change.loaded.has(key)) return 'UNKNOWN';
  const wasSettled = patch.transition ? !patch.enabled && pair.disabling === key : patch.enabled;
  return wasSettled ? 'DISABLED' : 'UNKNOWN';
}

const isLeaving = (events: readonly LogEvent[]): boolean =>
  events.at(-1) === 'UNPATCHING' || events.at(-1) === 'UNPATCHED';

/**
 * Updates how an unlisted patch left the list. A reference that stays shows that it was forced. One that was
 * released shows that it was not forced, and how the patch left is then unknown.
 */
function reviewed(patch: UnlistedPatch, { referenced, loaded }: Change): UnlistedPatch {
  if (referenced.has(keyOf(patch))) return { ...patch, unlistedBy: 'FORCED' };
  return patch.unlistedBy === 'FORCED' && loaded.has(keyOf(patch))
    ? { ...patch, unlistedBy: 'UNKNOWN' }
    : patch;
}
