import { unit } from './chance.js';
import type { Fleet } from './fleet.js';
import { newestFor } from './recipes.js';
import { HOTFIXES } from './train.js';

/** What may happen to a host on a quiet day. */
export type QuietChange = 'REBOOTED' | 'PATCHED' | 'LEFTOVER';

/** Half of all quiet changes are reboots, and most others somebody's patch. */
const REBOOTS = 0.5;
const PATCHES = 0.85;

const livepatches = (builds: readonly { readonly livepatch: (typeof HOTFIXES)[number] }[]) => builds.map((build) => build.livepatch);

/** The machine comes up again: what was on the list is loaded, and nothing else is left of the boot before. */
export function reboot(fleet: Fleet, n: number, at: number): void {
  const { kernel, list, opening } = fleet.setup(n);
  const kept = opening?.livepatch.cumulative ? [opening] : list;
  fleet.boot(n, fleet.setups.of(kernel, livepatches(kept)), at);
}

/** Somebody loads the newest cumulative release over whatever is there. @returns false: it is there already, or another transition is open */
export function beginRollout(fleet: Fleet, n: number, at: number): boolean {
  const { kernel, list, opening, leftovers } = fleet.setup(n);
  const newest = newestFor(kernel);
  if (opening !== null || [...list, ...leftovers].some((build) => build.livepatch === newest)) return false;
  fleet.change(n, fleet.setups.of(kernel, [...livepatches(list), newest], newest, livepatches(leftovers)), at);
  return true;
}

/** The open transition ends: a cumulative patch has taken the place of the others. @param forgets their modules were not removed */
export function endTransition(fleet: Fleet, n: number, at: number, forgets: boolean): void {
  const { kernel, list, opening, leftovers } = fleet.setup(n);
  if (opening === null) return;
  const gone = opening.livepatch.cumulative ? list.filter((build) => build !== opening) : [];
  const kept = list.filter((build) => !gone.includes(build));
  const left = forgets ? [...leftovers, ...gone.filter((build) => !leftovers.includes(build))] : leftovers;
  fleet.change(n, fleet.setups.of(kernel, livepatches(kept), null, livepatches(left)), at);
}

/** One thing that happens on a quiet day, told by a number from 0 to 1. @returns null: not to a host like this, now */
export function changeQuietly(fleet: Fleet, n: number, at: number, chance: number): QuietChange | null {
  const { kernel, list, opening, leftovers } = fleet.setup(n);
  if (chance < REBOOTS) {
    reboot(fleet, n, at);
    return 'REBOOTED';
  }
  if (opening !== null || list.length === 0) return null;
  const own = livepatches(list);
  if (chance >= PATCHES) {
    const other = leftovers.length > 0 ? [] : [HOTFIXES[4]!].filter((hotfix) => !own.includes(hotfix));
    fleet.change(n, fleet.setups.of(kernel, own, null, other), at);
    return 'LEFTOVER';
  }
  const hotfix = HOTFIXES[0]!;
  if (own.includes(hotfix) || livepatches(leftovers).includes(hotfix)) return null;
  fleet.change(n, fleet.setups.of(kernel, [...own, hotfix], null, livepatches(leftovers)), at);
  return 'PATCHED';
}

/** Something that shall happen to a host. */
export interface Occasion {
  readonly host: number;
  /** Milliseconds since the fleet began to speak. */
  readonly at: number;
  /** From 0 to 1: what it is. */
  readonly chance: number;
}

/**
 * To whom does something happen between these two instants, and when?
 *
 * So many hosts each minute, whatever the steps in which it is asked: the numbered occasions lie evenly, each a little off its place.
 *
 * @param share of the fleet, each minute
 */
export function* occasions(seed: number, purpose: number, hosts: number, share: number, from: number, until: number): Generator<Occasion> {
  const every = 60_000 / (hosts * share);
  if (!Number.isFinite(every)) return;
  const placed = (turn: number) => (turn + unit(seed, purpose, turn)) * every;
  for (let turn = Math.max(0, Math.floor(from / every) - 1); turn * every < until; turn++) {
    const at = placed(turn);
    if (at >= from && at < until) yield { host: Math.floor(unit(seed, purpose + 1, turn) * hosts), at, chance: unit(seed, purpose + 2, turn) };
  }
}

/** When does the rollout come to each of these hosts? A few canaries first, then a tenth, then everybody. @returns the host's place in the rollout, from 0 to 1; null: it is not part of it */
export function placeInRollout(seed: number, n: number, share: number): number | null {
  const draw = unit(seed, ROLLOUT, n);
  if (draw >= share) return null;
  const place = draw / share;
  const [wave, length, from, to] = WAVES.find(([until]) => place < until)!;
  return from + ((place - (wave - length)) / length) * (to - from);
}

const ROLLOUT = 400;
/** Each wave: its hosts end at this share of all, it has this share, and it takes from here to there of the time. */
const WAVES = [
  [0.01, 0.01, 0, 0.05],
  [0.1, 0.09, 0.15, 0.3],
  [1, 0.9, 0.4, 1],
] as const;
