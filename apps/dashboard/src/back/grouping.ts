import type { Parameters } from '../address/parameters.js';

/** How hosts are grouped to blocks: `by` of the address. */
export const GROUPINGS = ['stack', 'kernel', 'stack-kernel', 'label'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export const groupingOf = ({ by }: Parameters): Grouping =>
  GROUPINGS.find((grouping) => grouping === by) ?? 'stack';

/** The arguments of `cohorts`. */
export function cohortArguments(values: Parameters): {
  readonly by: ('STACK' | 'KERNEL')[];
  readonly labels: string[];
} {
  const grouping = groupingOf(values);
  const { label = 'env' } = values;
  if (grouping === 'label') return { by: [], labels: [label] };
  return {
    by: [
      ...(grouping === 'kernel' ? [] : (['STACK'] as const)),
      ...(grouping === 'stack' ? [] : (['KERNEL'] as const)),
    ],
    labels: [],
  };
}
