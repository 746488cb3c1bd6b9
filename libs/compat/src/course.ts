import type { KnownPatch } from './recognise.js';

/** How to get there, cheapest first. */
export const ROUTES = ['NONE_NEEDED', 'REVERSE', 'REPLACE', 'STACK', 'DISABLE', 'DISABLE_THEN_LOAD', 'BRIDGE', 'REBOOT'] as const;
export type Route = (typeof ROUTES)[number];

/** One thing that the operator would do. */
export interface Step {
  readonly action: 'DISABLE' | 'REMOVE_MODULE' | 'LOAD' | 'REVERSE' | 'WAIT' | 'REBOOT';
  /** The patch or module; null for a reboot. */
  readonly patch: string | null;
}

/**
 * What a route does to a host's list: the common form in which every route is judged.
 *
 * Each listed patch is in exactly one of `disabled`, `replaced` and `stays`.
 */
export interface Course {
  readonly route: Route;
  /** Disabled first, newest first: their unpatch callbacks run, no state is checked. */
  readonly disabled: readonly KnownPatch[];
  /** Thrown out by the load: their callbacks never run. */
  readonly replaced: readonly KnownPatch[];
  /** On the list before and after, oldest first. */
  readonly stays: readonly KnownPatch[];
  /** Loaded last; null where the route loads nothing. */
  readonly load: KnownPatch | null;
  /** Names of modules that the route itself removes before it loads. */
  readonly removed: readonly string[];
  readonly steps: readonly Step[];
}

/** Which list does this course make, as build-ids, oldest first? */
export const leadsTo = (course: Course): (string | null)[] => [...course.stays, ...(course.load === null ? [] : [course.load])].map((patch) => patch.buildId);

const newestFirst = (patches: readonly KnownPatch[]): KnownPatch[] => patches.toReversed();
const nothing = { disabled: [], replaced: [], stays: [], load: null, removed: [] } as const;

/** Nothing to do. */
export const stayPut = (list: readonly KnownPatch[]): Course => ({ ...nothing, route: 'NONE_NEEDED', stays: list, steps: [] });

/** Load a cumulative target over the list: it takes the place of every patch. */
export const replaceBy = (target: KnownPatch, list: readonly KnownPatch[]): Course => ({
  ...nothing,
  route: 'REPLACE',
  replaced: list,
  load: target,
  steps: [
    { action: 'LOAD', patch: target.name },
    { action: 'WAIT', patch: target.name },
  ],
});

/** Load a non-cumulative target on top. */
export const stackOn = (target: KnownPatch, list: readonly KnownPatch[]): Course => ({
  ...nothing,
  route: 'STACK',
  stays: list,
  load: target,
  steps: [
    { action: 'LOAD', patch: target.name },
    { action: 'WAIT', patch: target.name },
  ],
});

/** Disable these, newest first. */
export const disableOnly = (leaving: readonly KnownPatch[], list: readonly KnownPatch[]): Course => ({
  ...nothing,
  route: 'DISABLE',
  disabled: newestFirst(leaving),
  stays: list.filter((patch) => !leaving.includes(patch)),
  steps: newestFirst(leaving).flatMap((patch): Step[] => [
    { action: 'DISABLE', patch: patch.name },
    { action: 'WAIT', patch: patch.name },
  ]),
});

/** Disable what stands in the way, remove what bears the target's name, load the target over or onto the rest. */
export function disableThenLoad(target: KnownPatch, leaving: readonly KnownPatch[], leftoverNames: readonly string[], list: readonly KnownPatch[]): Course {
  const rest = list.filter((patch) => !leaving.includes(patch));
  const removed = [...leaving.map((patch) => patch.name), ...leftoverNames].filter((name) => name === target.name);
  return {
    route: 'DISABLE_THEN_LOAD',
    disabled: newestFirst(leaving),
    replaced: target.replace === true ? rest : [],
    stays: target.replace === true ? [] : rest,
    load: target,
    removed,
    steps: [
      ...disableOnly(leaving, list).steps,
      ...removed.map((name): Step => ({ action: 'REMOVE_MODULE', patch: name })),
      { action: 'LOAD', patch: target.name },
      { action: 'WAIT', patch: target.name },
    ],
  };
}
