import { type Catalog, resolveSituation, type ResolvedSituation, type Situation } from '@klpreg/compat';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import type { FreshnessKey } from '../store/hosts/hosts-at.js';

/**
 * What the catalog knows of hosts in this situation, resolved once for a snapshot of the catalog. Null: they
 * never reported.
 *
 * @param catalog of the snapshot, with all builds that the situation names
 */
export function resolvedHost(
  { situationId, suspect }: Pick<FreshnessKey, 'situationId' | 'suspect'>,
  situations: ReadonlyMap<string, Situation>,
  catalog: Catalog,
  view: CatalogSnapshot,
): ResolvedSituation | null {
  const situation = situationId === null ? undefined : situations.get(situationId);
  if (situation === undefined) return null;
  return view.resolved(`${situationId} ${suspect}`, () =>
    resolveSituation({ ...situation, suspect }, catalog),
  );
}
