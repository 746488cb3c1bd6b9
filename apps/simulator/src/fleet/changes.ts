import type { Fleet } from './fleet.js';
import { randomUnit } from './random.js';
import { HOTFIXES } from './release-train.js';
import { newestReleaseFor } from './stacks.js';

/** A change that happens without a rollout. */
export type RoutineChange = 'REBOOTED' | 'PATCHED' | 'LEFTOVER';

/** Upper limits of the draw: below the first it is a reboot, below the second a hotfix, else a leftover. */
const REBOOT_BELOW = 0.5;
const HOTFIX_BELOW = 0.85;

const livepatches = (builds: readonly { readonly livepatch: (typeof HOTFIXES)[number] }[]) =>
  builds.map((build) => build.livepatch);

/** Reboots a host. The patches of its stack are loaded again; leftovers and replaced patches are not. */
export function reboot(fleet: Fleet, n: number, at: number): void {
  const { kernel, stack, transition } = fleet.setup(n);
  const kept = transition?.livepatch.cumulative ? [transition] : stack;
  fleet.boot(n, fleet.setups.of(kernel, livepatches(kept)), at);
}

/**
 * Starts the transition to the newest cumulative release.
 *
 * @returns false if the release is loaded already or another transition is open; then nothing is changed
 */
export function startRollout(fleet: Fleet, n: number, at: number): boolean {
  const { kernel, stack, transition, leftovers } = fleet.setup(n);
  const newest = newestReleaseFor(kernel);
  if (transition !== null || [...stack, ...leftovers].some((build) => build.livepatch === newest))
    return false;
  fleet.change(
    n,
    fleet.setups.of(kernel, [...livepatches(stack), newest], newest, livepatches(leftovers)),
    at,
  );
  return true;
}

/**
 * Completes the open transition. A cumulative patch has replaced the others.
 *
 * @param keepsModules the modules of the replaced patches stay loaded, as leftovers
 */
export function completeTransition(fleet: Fleet, n: number, at: number, keepsModules: boolean): void {
  const { kernel, stack, transition, leftovers } = fleet.setup(n);
  if (transition === null) return;
  const replaced = transition.livepatch.cumulative ? stack.filter((build) => build !== transition) : [];
  const kept = stack.filter((build) => !replaced.includes(build));
  const left = keepsModules
    ? [...leftovers, ...replaced.filter((build) => !leftovers.includes(build))]
    : leftovers;
  fleet.change(n, fleet.setups.of(kernel, livepatches(kept), null, livepatches(left)), at);
}

/**
 * Applies one routine change to a host.
 *
 * @param draw selects the change: a number in [0, 1)
 * @returns null if the change does not apply to the host in its present setup
 */
export function applyRoutineChange(fleet: Fleet, n: number, at: number, draw: number): RoutineChange | null {
  const { kernel, stack, transition, leftovers } = fleet.setup(n);
  if (draw < REBOOT_BELOW) {
    reboot(fleet, n, at);
    return 'REBOOTED';
  }
  if (transition !== null || stack.length === 0) return null;
  const listed = livepatches(stack);
  if (draw >= HOTFIX_BELOW) {
    const left = leftovers.length > 0 ? [] : [HOTFIXES[4]!].filter((hotfix) => !listed.includes(hotfix));
    fleet.change(n, fleet.setups.of(kernel, listed, null, left), at);
    return 'LEFTOVER';
  }
  const hotfix = HOTFIXES[0]!;
  if (listed.includes(hotfix) || livepatches(leftovers).includes(hotfix)) return null;
  fleet.change(n, fleet.setups.of(kernel, [...listed, hotfix], null, livepatches(leftovers)), at);
  return 'PATCHED';
}

/** A change that is due at a given time. */
export interface ScheduledChange {
  readonly host: number;
  /** Milliseconds since the start of the run. */
  readonly at: number;
  /** Selects the kind of change: a number in [0, 1). */
  readonly draw: number;
}

/**
 * Yields the changes that are due in the interval [from, until).
 *
 * The schedule does not depend on how the time is divided into intervals.
 * Changes are numbered and evenly spaced; each is moved by less than one spacing.
 *
 * @param share of the fleet, for each minute
 */
export function* scheduledChanges(
  seed: number,
  purpose: number,
  hosts: number,
  share: number,
  from: number,
  until: number,
): Generator<ScheduledChange> {
  const spacing = 60_000 / (hosts * share);
  if (!Number.isFinite(spacing)) return;
  for (let index = Math.max(0, Math.floor(from / spacing) - 1); index * spacing < until; index++) {
    const at = (index + randomUnit(seed, purpose, index)) * spacing;
    if (at < from || at >= until) continue;
    const host = Math.floor(randomUnit(seed, purpose + 1, index) * hosts);
    yield { host, at, draw: randomUnit(seed, purpose + 2, index) };
  }
}

/**
 * Returns the position of a host in the rollout, as a fraction of its duration.
 *
 * @param share of the hosts that get the new release
 * @returns null if the host is not part of the rollout
 */
export function rolloutPosition(seed: number, n: number, share: number): number | null {
  const draw = randomUnit(seed, ROLLOUT, n);
  if (draw >= share) return null;
  const rank = draw / share;
  const [wave, length, from, to] = WAVES.find(([until]) => rank < until)!;
  return from + ((rank - (wave - length)) / length) * (to - from);
}

const ROLLOUT = 400;
/**
 * For each wave: the share of hosts at its end, its own share, and its start and end as fractions of the
 * duration.
 */
const WAVES = [
  [0.01, 0.01, 0, 0.05],
  [0.1, 0.09, 0.15, 0.3],
  [1, 0.9, 0.4, 1],
] as const;
