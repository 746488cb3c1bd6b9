import { KERNELS, type Kernel } from './kernels.js';
import { HOTFIXES, type Livepatch, TRAIN } from './train.js';

/** A list of livepatches, oldest first, as hosts of one kernel run it, and how usual that is there. */
export interface Recipe {
  readonly list: readonly Livepatch[];
  readonly weight: number;
}

const PER_KERNEL = 20;

/** The oldest release that this kernel got: a kernel that is young today missed the first ones. Every kernel gets the newest but the retired 5.4. */
const firstFor = (kernel: Kernel): number => (kernel.number >= 612 ? 2 : kernel.release.startsWith('6.1.0-56') ? 1 : 0);
const lastFor = (kernel: Kernel): number => (kernel.number < 505 ? TRAIN.length - 3 : TRAIN.length - 1);

/** The release that a rollout brings to hosts of this kernel. */
export const newestFor = (kernel: Kernel): Livepatch => TRAIN[lastFor(kernel)]!;

/** The release before this one on this kernel; null: it is the first. */
export const olderOn = (kernel: Kernel, livepatch: Livepatch): Livepatch | null =>
  livepatch.cumulative && livepatch.index > firstFor(kernel) ? TRAIN[livepatch.index - 1]! : null;

/** How usual is a release, by its age in months? The newest is on a few canaries only, the one before on most hosts. */
const AGES = [0.6, 40, 22, 10, 6, 4, 2.5, 2, 1.6, 1.4, 1.2, 1.1];

function recipesFor(kernel: Kernel): readonly Recipe[] {
  const [first, last] = [firstFor(kernel), lastFor(kernel)];
  const recipes: Recipe[] = [{ list: [], weight: 4 }];
  for (let at = last; at >= first; at--) recipes.push({ list: [TRAIN[at]!], weight: AGES[last - at]! });
  // hotfixes wait for the next cumulative release on top of the last ones; one that modifies a state waits on one that has it
  const fits = (fix: Livepatch, below: Livepatch) => fix.states.every(([id, version]) => below.states.some((state) => state[0] === id && state[1] <= version));
  const stacked = [1, 2, 3].flatMap((age) => HOTFIXES.filter((fix) => fits(fix, TRAIN[last - age]!)).map((fix) => [TRAIN[last - age]!, fix]));
  const twice = [1, 2].map((age) => [TRAIN[last - age]!, HOTFIXES[0]!, HOTFIXES[1]!]);
  for (const list of [...twice, ...stacked]) recipes.push({ list, weight: 1.3 });
  return recipes.slice(0, PER_KERNEL);
}

/** What hosts run, by the index of their kernel: about twenty lists each, four hundred stacks together. */
export const RECIPES: readonly (readonly Recipe[])[] = KERNELS.map(recipesFor);
