import type { KnownPatch } from '../facts/resolve.js';
import { loading, type Step } from './steps.js';

/** The routes, cheapest first. */
export const ROUTES = [
  'NONE_NEEDED',
  'REVERSE',
  'REPLACE',
  'STACK',
  'DISABLE',
  'DISABLE_THEN_LOAD',
  'BRIDGE',
  'REBOOT',
] as const;
export type Route = (typeof ROUTES)[number];

/**
 * What a route does to a host's list. Every route is judged in this form.
 *
 * Each listed patch is in exactly one of `disabled`, `replaced` and `stays`; with `REBOOT` in none.
 */
export interface Plan {
  readonly route: Route;
  /**
   * Disabled first, newest first: their unpatch callbacks run, no state is checked. Of a reversed enable only
   * the last of these callbacks.
   */
  readonly disabled: readonly KnownPatch[];
  /** Replaced by the load: their callbacks never run. */
  readonly replaced: readonly KnownPatch[];
  /** On the list before and after, oldest first. */
  readonly stays: readonly KnownPatch[];
  /** Loaded last; null if the route loads nothing. */
  readonly load: KnownPatch | null;
  /** Names of modules that the route itself removes before it loads. */
  readonly removed: readonly string[];
  /** The patch whose open transition is reversed; it is in `disabled` or in `stays`. */
  readonly reversed: KnownPatch | null;
  readonly steps: readonly Step[];
  /** The stages that follow, each in the situation that the one before leaves. */
  readonly next: readonly Plan[];
}

const NONE: readonly never[] = [];

/** The fields of a plan that does nothing. */
export const nothing = {
  disabled: NONE,
  replaced: NONE,
  stays: NONE,
  load: null,
  removed: NONE,
  reversed: null,
  steps: NONE,
  next: NONE,
} as const;

/** This plan and the stages that follow it. */
export const stagesOf = (plan: Plan): readonly Plan[] =>
  plan.next.length === 0 ? [plan] : [plan, ...plan.next];

/** The last stage. */
export const lastStageOf = (plan: Plan): Plan => (plan.next.length === 0 ? plan : plan.next.at(-1)!);

/** Everything that the operator does, in order. */
export const stepsOf = (plan: Plan): readonly Step[] =>
  plan.next.length === 0 ? plan.steps : stagesOf(plan).flatMap((stage) => stage.steps);

/** Returns the list right after this plan, oldest first. */
export const listAfter = ({ stays, load }: Plan): readonly KnownPatch[] =>
  load === null ? stays : [...stays, load];

/** Returns whether the plan ends with this list of build-ids, oldest first. */
export function leadsTo(plan: Plan, final: readonly (string | null)[]): boolean {
  const { stays, load } = lastStageOf(plan);
  if (final.length !== stays.length + (load === null ? 0 : 1)) return false;
  for (let i = 0; i < stays.length; i++) if (stays[i]!.buildId !== final[i]) return false;
  return load === null || load.buildId === final[stays.length];
}

const newestFirst = (patches: readonly KnownPatch[]): KnownPatch[] => patches.toReversed();

/** Nothing to do. */
export const noOp = (list: readonly KnownPatch[]): Plan => ({
  route: 'NONE_NEEDED',
  disabled: NONE,
  replaced: NONE,
  stays: list,
  load: null,
  removed: NONE,
  reversed: null,
  steps: NONE,
  next: NONE,
});

/**
 * Reverses the open transition.
 *
 * Mirrors `klp_reverse_transition()`: a patch on its way in leaves, and what it was to replace stays. A patch
 * on its way out stays.
 *
 * @returns null if a cumulative patch is on its way out above others: it never came in, so its transition was
 * reversed once already, and to reverse it again would replace them
 */
export function reverse(open: KnownPatch, list: readonly KnownPatch[]): Plan | null {
  if (!open.enabled && open.replace !== false && list[0] !== open) return null;
  return {
    ...nothing,
    route: 'REVERSE',
    disabled: open.enabled ? [open] : [],
    stays: open.enabled ? list.filter((patch) => patch !== open) : list,
    reversed: open,
    steps: [
      { action: 'REVERSE', patch: open.name },
      { action: 'WAIT', patch: open.name },
    ],
  };
}

/** Loads the target: it replaces these, and goes on top of the rest. */
export function loadOver(
  route: 'REPLACE' | 'STACK' | 'BRIDGE',
  target: KnownPatch,
  replaced: readonly KnownPatch[],
  list: readonly KnownPatch[],
): Plan {
  const stays =
    replaced.length === 0
      ? list
      : replaced === list
        ? NONE
        : list.filter((patch) => !replaced.includes(patch));
  return {
    route,
    disabled: NONE,
    replaced,
    stays,
    load: target,
    removed: NONE,
    reversed: null,
    steps: loading(target),
    next: NONE,
  };
}

/** Disables these, newest first. */
export const disableOnly = (leaving: readonly KnownPatch[], list: readonly KnownPatch[]): Plan => ({
  ...nothing,
  route: 'DISABLE',
  disabled: newestFirst(leaving),
  stays: list.filter((patch) => !leaving.includes(patch)),
  steps: newestFirst(leaving).flatMap((patch): Step[] => [
    { action: 'DISABLE', patch: patch.name },
    { action: 'WAIT', patch: patch.name },
  ]),
});

/** Disables what is in the way, removes what has the target's name, and loads the target. */
export function disableThenLoad(
  target: KnownPatch,
  leaving: readonly KnownPatch[],
  leftoverNames: readonly string[],
  replaced: readonly KnownPatch[],
  list: readonly KnownPatch[],
): Plan {
  const before = disableOnly(leaving, list);
  const removed = [...leaving.map((patch) => patch.name), ...leftoverNames].filter(
    (name) => name === target.name,
  );
  return {
    ...before,
    route: 'DISABLE_THEN_LOAD',
    replaced,
    stays: before.stays.filter((patch) => !replaced.includes(patch)),
    load: target,
    removed,
    steps: [
      ...before.steps,
      ...removed.map((name): Step => ({ action: 'REMOVE_MODULE', patch: name })),
      ...loading(target),
    ],
  };
}
