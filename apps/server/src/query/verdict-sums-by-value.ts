import type { Verdict } from '@klpreg/compat';
import type { VerdictSum } from '../store/history/verdict-sums.store.js';

/** The values with the most hosts that have sums of their own; the others are added up. */
const MAX_VALUES = 100;
const OTHERS = '(others)';
/** What stands for hosts without the label. */
export const WITHOUT = '(none)';

interface Counted {
  readonly value: string;
  readonly hosts: number;
  readonly verdict: Pick<Verdict, 'kind' | 'accepted'>;
}

/** Adds up hosts by the value of their label, the value with the most hosts first. */
export function sumsByValue(counted: readonly Counted[], at: Date): VerdictSum[] {
  const totals = new Map<string, number>();
  for (const { value, hosts } of counted) totals.set(value, (totals.get(value) ?? 0) + hosts);
  const largest = [...totals].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const named = new Set(largest.slice(0, MAX_VALUES).map(([value]) => value));
  const sums = new Map<string, VerdictSum>();
  for (const { value, hosts, verdict } of counted) {
    const shown = named.has(value) ? value : OTHERS;
    const sum = sums.get(shown) ?? {
      at,
      value: shown,
      safe: 0,
      unknown: 0,
      unsafe: 0,
      refused: 0,
      accepted: 0,
    };
    const field = verdict.kind.toLowerCase() as Lowercase<Verdict['kind']>;
    sums.set(shown, {
      ...sum,
      [field]: sum[field] + hosts,
      accepted: sum.accepted + (verdict.accepted ? hosts : 0),
    });
  }
  return [...sums.values()];
}
