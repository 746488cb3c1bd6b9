import { setImmediate } from 'node:timers/promises';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import type { FleetCounts, SituationCount } from '../store/counts/fleet-counts.js';
import type { FreshnessKey } from '../store/hosts/hosts-at.js';
import type { CohortVerdicts } from './cohort-verdicts.js';
import type { HostFilter } from './generated/schema.js';
import { hasProperties, hasTheProperties, needsSharedStates, refuseLateAlone } from './host-properties.js';

/** Testing this number of situations takes a few milliseconds, also with the longest lists. */
const SITUATIONS_PER_TURN = 50;

/**
 * Leaves out the hosts that do not have the properties of the filter.
 *
 * Hosts in the same situation have the same properties, and there are few situations. So each is tested once,
 * with the catalog of the question.
 */
export async function narrow<Row extends SituationCount>(
  { rows, cohorts }: { readonly rows: readonly Row[] } & Pick<FleetCounts, 'cohorts'>,
  where: HostFilter,
  view: CatalogSnapshot,
  cohortVerdicts: CohortVerdicts,
): Promise<{ readonly rows: readonly Row[] } & Pick<FleetCounts, 'cohorts'>> {
  refuseLateAlone(where);
  if (!hasProperties(where)) return { rows, cohorts };
  const keys = rows.map(({ freshnessKey }) => freshnessKey);
  const { hostOf, catalog } = await cohortVerdicts.resolve(keys, view);
  const facts = {
    sharedStateIds: needsSharedStates(where) ? await view.sharedStateIds() : new Set<bigint>(),
    replaces: (buildId: string) => catalog.find(buildId)?.replace,
  };
  const kept = new Set<FreshnessKey>();
  for (const [i, key] of keys.entries()) {
    if (i % SITUATIONS_PER_TURN === SITUATIONS_PER_TURN - 1) await setImmediate();
    if (hasTheProperties(where, key, hostOf(key), facts)) kept.add(key);
  }
  const isKept = ({ freshnessKey }: { readonly freshnessKey: FreshnessKey }) => kept.has(freshnessKey);
  return { rows: rows.filter(isKept), cohorts: cohorts?.filter(isKept) ?? null };
}
