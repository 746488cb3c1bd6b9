import { KERNELS, type Kernel } from './kernels.js';
import { type LabelSet, labelSetChooser, labelSets, ownLabels } from './labels.js';
import { randomUnit, weightedChooser } from './random.js';
import type { Livepatch } from './release-train.js';
import type { Setup, Setups } from './setup.js';
import { previousRelease, STACKS } from './stacks.js';

const LABEL_SETS = 2_000;

/** Weights of the stacks that one group of hosts runs on one kernel. */
const STACK_WEIGHTS = [55, 25, 11, 6, 3];
const SECOND_KERNEL = 0.12;
/** Share of the hosts on which the module of the previous release stays loaded. */
const LEFTOVERS = 0.03;
/** Share of the hosts with a transition that does not complete. */
const STALLED = 0.004;

const PURPOSE = { set: 200, kernel: 201, stack: 202, anomaly: 203, setKernel: 204, setStack: 206 };

/**
 * Assigns labels, a kernel and a stack to each host.
 *
 * Hosts with the same labels have two kernels and five stacks on each, as in a fleet that is installed by
 * role.
 * A million hosts make about 20,000 cohorts.
 */
export class Placement {
  private readonly sets: readonly LabelSet[];
  private readonly chooseSet = labelSetChooser(LABEL_SETS);
  private readonly chooseKernel = weightedChooser(KERNELS.map((kernel) => kernel.weight));
  private readonly chooseSlot = weightedChooser(STACK_WEIGHTS);
  private readonly chooseStack = STACKS.map((stacks) => weightedChooser(stacks.map((stack) => stack.weight)));

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

  /** Returns the setup of a host at the start of the run. */
  initialSetup(n: number, setups: Setups): Setup {
    const set = this.setNumber(n);
    const second = randomUnit(this.seed, PURPOSE.kernel, n) < SECOND_KERNEL ? 1 : 0;
    const kernel = KERNELS[this.chooseKernel(randomUnit(this.seed, PURPOSE.setKernel + second, set))]!;
    const slot = this.chooseSlot(randomUnit(this.seed, PURPOSE.stack, n));
    const group = (set * KERNELS.length + kernel.index) * STACK_WEIGHTS.length + slot;
    const index = this.chooseStack[kernel.index]!(randomUnit(this.seed, PURPOSE.setStack, group));
    const { stack } = STACKS[kernel.index]![index]!;
    return this.anomaly(n, kernel, stack, setups) ?? setups.of(kernel, stack);
  }

  private setNumber(n: number): number {
    return this.chooseSet(randomUnit(this.seed, PURPOSE.set, n));
  }

  /** Returns a setup with a stalled transition or a leftover; null for most hosts. */
  private anomaly(n: number, kernel: Kernel, stack: readonly Livepatch[], setups: Setups): Setup | null {
    const draw = randomUnit(this.seed, PURPOSE.anomaly, n);
    if (stack.length === 0 || draw >= STALLED + LEFTOVERS) return null;
    const top = stack.at(-1)!;
    const previous = previousRelease(kernel, stack[0]!);
    if (draw < STALLED)
      return top.cumulative && previous !== null
        ? setups.of(kernel, [previous, top], top)
        : setups.of(kernel, stack, top);
    return previous === null ? null : setups.of(kernel, stack, null, [previous]);
  }
}
