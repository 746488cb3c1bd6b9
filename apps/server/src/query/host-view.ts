import { freshness, loadedName, type ResolvedSituation } from '@klpreg/compat';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import type { Labels } from '../store/content/labels.store.js';
import type { AsOf } from '../store/history/as-of.js';
import { latestPlausible } from '../store/hosts/hosts-at.js';
import type { HostRow } from '../store/hosts/hosts.store.js';
import type * as Sdl from './generated/schema.js';
import { agentFacts } from './agent-facts.js';
import { STALLED_AFTER_SECONDS } from './filter.js';
import { toId } from './ids.js';
import { NEVER_REPORTED, type SituationView } from './situation-view.js';

export const labelViews = (labels: Labels): Sdl.Label[] =>
  Object.keys(labels)
    .toSorted()
    .map((key) => ({ key, value: labels[key]! }));

/**
 * Fields that no verdict reads. They are current; for an earlier time, those about patches that were listed
 * then.
 */
const detailView = (
  { detail }: HostRow,
  resolved: ResolvedSituation | null,
): Pick<Sdl.Host, 'inactive' | 'warnings'> => ({
  inactive: (detail.inactive ?? []).filter(({ patch }) =>
    resolved?.list.some(({ name }) => name === loadedName(patch)),
  ),
  warnings: detail.warnings ?? [],
});

/** A host without the fields that resolvers answer from `row`, `asOf` and `view`. */
export type HostView = Omit<Sdl.Host, 'canDowngrade' | 'changes'> & {
  readonly __typename: 'Host';
  readonly row: HostRow;
  readonly asOf: AsOf;
  readonly view: CatalogSnapshot;
};

/** @param resolved what the host runs; null: it never reported */
export function hostView(
  row: HostRow,
  resolved: ResolvedSituation | null,
  runs: SituationView | null,
  intervalSeconds: number,
  asOf: AsOf,
  view: CatalogSnapshot,
): HostView {
  const ahead = row.confirmedAt !== null && !asOf.past && row.confirmedAt > latestPlausible(asOf.now);
  const ageSeconds =
    ahead || row.confirmedAt === null || row.situationId === null
      ? null
      : Math.max(0, (asOf.now.getTime() - row.confirmedAt.getTime()) / 1000);
  const open = resolved?.inTransition ?? null;
  const seen = row.detail.transition?.patch === open?.name ? row.detail.transition : null;
  return {
    __typename: 'Host',
    id: toId('Host', row.id),
    instance: row.id,
    hostname: row.hostname,
    labels: labelViews(row.labels),
    bootId: row.bootId,
    ...(runs ?? NEVER_REPORTED),
    transition:
      open === null
        ? null
        : {
            patch: open.name,
            enabling: open.enabled,
            since: seen?.since == null ? null : new Date(seen.since),
            stalled:
              seen?.since != null &&
              Date.parse(seen.since) <= asOf.now.getTime() - STALLED_AFTER_SECONDS * 1000,
            tasks: seen?.tasks ?? [],
            moreTasks: seen?.moreTasks ?? 0,
          },
    freshness: {
      level: ahead ? 'LOST' : freshness(ageSeconds, intervalSeconds).level,
      ageSeconds,
      confirmedAt: row.confirmedAt,
      contactAt: row.contactAt,
      superseded: row.superseded,
    },
    agent: agentFacts(row.detail, resolved?.situation),
    ...detailView(row, resolved),
    suspect: row.suspect,
    retiredAt: row.retiredAt,
    retiredBy: row.retiredBy,
    row,
    asOf,
    view,
  };
}
