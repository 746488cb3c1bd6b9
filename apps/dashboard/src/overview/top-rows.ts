import { formatWhere } from '@klpreg/where';

/** A value and the number of hosts that have it. */
export interface Counted {
  readonly value: string;
  readonly hosts: number;
}

/** The values with the most hosts, and all the others in one row without a value. */
export function topRows(
  counted: readonly Counted[],
  total: number,
  most: number,
): readonly (Counted | { readonly value: null; readonly hosts: number })[] {
  // one more row takes no more space than the row of the others
  const shown = counted.slice(0, counted.length === most + 1 ? most + 1 : most);
  const others = total - shown.reduce((sum, { hosts }) => sum + hosts, 0);
  return others > 0 ? [...shown, { value: null, hosts: others }] : shown;
}

const is = (key: string, ...values: string[]) => ({ key, isLabel: false, operator: 'in', values }) as const;

/** The hosts of a kernel, as `where` of an address has them. */
export const whereKernel = (release: string): string => formatWhere([is('kernel', release)]);

/**
 * The hosts with a list of patches, such as `lp_1 < lp_2`, as `where` has them. Of a longer list a filter can
 * only say its length and one name, so it may match more hosts.
 */
export function whereStack(stack: string): string {
  if (stack === '(original)') return formatWhere([is('patches', '0')]);
  const names = stack.split(' < ');
  return formatWhere([is('running', `name:${names.at(-1)}`), is('patches', String(names.length))]);
}
