import { chooser, unit } from './chance.js';
import { KERNELS, type Kernel } from './kernels.js';
import { type LabelSet, labelSetChooser, labelSets, ownLabels } from './labels.js';
import { olderOn, RECIPES } from './recipes.js';
import type { Setup, Setups } from './setup.js';
import type { Livepatch } from './train.js';

/** How many label sets there are, in a fleet that is large enough. */
const LABEL_SETS = 2_000;

/** Of a group's hosts, how many run its first list, its second, and so on. */
const SLOTS = [55, 25, 11, 6, 3];
const SECOND_KERNEL = 0.12;
/** Hosts on which the module of the release before was never removed, and those in a transition that does not end. */
const LEFTOVERS = 0.03;
const STALLED = 0.004;

const PURPOSE = { set: 200, kernel: 201, slot: 202, oddity: 203, setKernel: 204, setList: 206 };

/**
 * Where a fleet's hosts stand: with which labels, on which kernel, running what.
 *
 * Hosts with the same labels are alike, as they are where machines are set up by role: two kernels, five lists on each. A million hosts make some
 * 20,000 groups that a verdict tells apart.
 */
export class Places {
  private readonly sets: readonly LabelSet[];
  private readonly setOf = labelSetChooser(LABEL_SETS);
  private readonly kernelOf = chooser(KERNELS.map((kernel) => kernel.weight));
  private readonly slotOf = chooser(SLOTS);
  private readonly listOf = RECIPES.map((recipes) => chooser(recipes.map((recipe) => recipe.weight)));

  constructor(
    private readonly seed: number,
    private readonly labels: 'shared' | 'own',
  ) {
    this.sets = labelSets(seed, LABEL_SETS);
  }

  labelSet(n: number): LabelSet {
    const set = this.sets[this.setNumber(n)]!;
    return this.labels === 'own' ? ownLabels(this.seed, n, set) : set;
  }

  /** What this host runs when the fleet begins. */
  setup(n: number, setups: Setups): Setup {
    const set = this.setNumber(n);
    const second = unit(this.seed, PURPOSE.kernel, n) < SECOND_KERNEL ? 1 : 0;
    const kernel = KERNELS[this.kernelOf(unit(this.seed, PURPOSE.setKernel + second, set))]!;
    const slot = this.slotOf(unit(this.seed, PURPOSE.slot, n));
    const place = (set * KERNELS.length + kernel.index) * SLOTS.length + slot;
    const { list } = RECIPES[kernel.index]![this.listOf[kernel.index]!(unit(this.seed, PURPOSE.setList, place))]!;
    return this.odd(n, kernel, list, setups) ?? setups.of(kernel, list);
  }

  private setNumber(n: number): number {
    return this.setOf(unit(this.seed, PURPOSE.set, n));
  }

  /** Some hosts did not get to the end of what they were set up for. */
  private odd(n: number, kernel: Kernel, list: readonly Livepatch[], setups: Setups): Setup | null {
    const chance = unit(this.seed, PURPOSE.oddity, n);
    if (list.length === 0 || chance >= STALLED + LEFTOVERS) return null;
    const top = list.at(-1)!;
    const older = olderOn(kernel, list[0]!);
    if (chance < STALLED) return top.cumulative && older !== null ? setups.of(kernel, [older, top], top) : setups.of(kernel, list, top);
    return older === null ? null : setups.of(kernel, list, null, [older]);
  }
}
