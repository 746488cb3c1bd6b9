import { NO_SITUATION } from '../store/counts/cohorts.store.js';
import type { CohortGroup, CohortRow } from '../store/counts/fleet-counts.js';
import { freshnessKeyText } from '../store/hosts/hosts-at.js';
import { topN } from './top-n.js';

/**
 * Returns a page of the cohorts, and how many there are. They follow the order of the lists, in each the
 * largest first. What comes after the page is only counted.
 */
export function pageOf(
  lists: readonly (readonly CohortGroup[])[],
  from: number,
  limit: number,
): { rows: CohortRow[]; total: number } {
  const first: CohortRow[] = [];
  let total = 0;
  for (const groups of lists) {
    const rows: CohortRow[] = [];
    for (const { freshnessKey, labelSetIds, hosts } of groups)
      for (let i = 0; i < hosts.length; i++) {
        if (hosts[i] === 0) continue;
        total += 1;
        if (first.length < from + limit)
          rows.push({ freshnessKey, labelSetId: labelSetIds[i]!, hosts: hosts[i]! });
      }
    first.push(...topN(rows, from + limit - first.length, (a, b) => b.hosts - a.hosts || compareKeys(a, b)));
  }
  return { rows: first.slice(from), total };
}

/** The order of PostgreSQL, so that both ways of paging agree. */
export function compareKeys(
  { freshnessKey: a, labelSetId }: CohortRow,
  { freshnessKey: b, labelSetId: other }: CohortRow,
): number {
  if (a.situationId !== b.situationId)
    return (a.situationId ?? NO_SITUATION) < (b.situationId ?? NO_SITUATION) ? -1 : 1;
  if (labelSetId !== other) return labelSetId < other ? -1 : 1;
  return freshnessKeyText(a) < freshnessKeyText(b) ? -1 : 1;
}
