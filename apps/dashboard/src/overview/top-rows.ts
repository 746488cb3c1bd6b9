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
