import { KERNELS, type Kernel } from './kernels.js';
import { HOTFIXES, type Livepatch, RELEASE_TRAIN } from './release-train.js';

/** A stack that hosts with one kernel run, and its weight among them. */
export interface WeightedStack {
  /** Oldest first. */
  readonly stack: readonly Livepatch[];
  readonly weight: number;
}

const PER_KERNEL = 20;

/** Index of the oldest release for a kernel: the first releases were not built for kernels that are newer. */
const firstFor = (kernel: Kernel): number =>
  kernel.number >= 612 ? 2 : kernel.release.startsWith('6.1.0-56') ? 1 : 0;
/** Index of the newest release for a kernel: Linux 5.4 does not get the last two. */
const lastFor = (kernel: Kernel): number =>
  kernel.number < 505 ? RELEASE_TRAIN.length - 3 : RELEASE_TRAIN.length - 1;

/** Returns the release that a rollout installs on hosts with this kernel. */
export const newestReleaseFor = (kernel: Kernel): Livepatch => RELEASE_TRAIN[lastFor(kernel)]!;

/** Returns the release before a cumulative one on a kernel; null if there is none. */
export const previousRelease = (kernel: Kernel, livepatch: Livepatch): Livepatch | null =>
  livepatch.cumulative && livepatch.index > firstFor(kernel) ? RELEASE_TRAIN[livepatch.index - 1]! : null;

/** Weights of the releases by age in months. The newest is on a few canary hosts only. */
const AGE_WEIGHTS = [0.6, 40, 22, 10, 6, 4, 2.5, 2, 1.6, 1.4, 1.2, 1.1];

/**
 * Whether a hotfix can be stacked on a release: the release has each of its states, at most in the same
 * version.
 */
const fitsOn = (release: Livepatch, fix: Livepatch): boolean =>
  fix.states.every(([id, version]) => release.states.some((state) => state[0] === id && state[1] <= version));

function stacksFor(kernel: Kernel): readonly WeightedStack[] {
  const [first, last] = [firstFor(kernel), lastFor(kernel)];
  const stacks: WeightedStack[] = [{ stack: [], weight: 4 }];
  for (let index = last; index >= first; index--)
    stacks.push({ stack: [RELEASE_TRAIN[index]!], weight: AGE_WEIGHTS[last - index]! });
  const releaseOf = (age: number) => RELEASE_TRAIN[last - age]!;
  const withTwo = [1, 2].map((age) => [releaseOf(age), HOTFIXES[0]!, HOTFIXES[1]!]);
  const withOne = [1, 2, 3].flatMap((age) =>
    HOTFIXES.filter((fix) => fitsOn(releaseOf(age), fix)).map((fix) => [releaseOf(age), fix]),
  );
  for (const stack of [...withTwo, ...withOne]) stacks.push({ stack, weight: 1.3 });
  return stacks.slice(0, PER_KERNEL);
}

/** The stacks of the fleet by kernel index: about 20 for each kernel and 400 in all. */
export const STACKS: readonly (readonly WeightedStack[])[] = KERNELS.map(stacksFor);
