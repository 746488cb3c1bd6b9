import {
  type Catalog,
  chooseRules,
  freshness,
  loadedName,
  resolveSituation,
  type ResolvedSituation,
  type Situation,
} from '@klpreg/compat';
import type { CatalogSnapshot } from '../store/catalog/catalog-snapshot.js';
import type { Labels } from '../store/content/labels.store.js';
import type { AsOf } from '../store/history/as-of.js';
import { latestPlausible } from '../store/hosts/hosts-at.js';
import type { HostRow } from '../store/hosts/hosts.store.js';
import type * as Sdl from './generated/schema.js';
import { agentFacts } from './agent-facts.js';
import { bootOutcome } from './boot-outcome.js';
import { STALLED_AFTER_SECONDS } from './filter.js';
import { wasForced, weakestEvidence } from './host-properties.js';
import { toId } from './ids.js';
import { listedView, patchOf, type Patches } from './stack-view.js';
import { rulesView } from './verdict-view.js';

export const labelViews = (labels: Labels): Sdl.Label[] =>
  Object.keys(labels)
    .toSorted()
    .map((key) => ({ key, value: labels[key]! }));

const lockdownView = (level: Situation['capabilities']['lockdown']): Sdl.Lockdown | null =>
  level === null ? null : (level.toUpperCase() as Uppercase<typeof level>);

/** The history of a boot, and the settings that decide whether the host can load a module. */
type BootFields = 'bootHistory' | 'historyTooLong' | 'gates' | 'otherLivePatching' | 'unread';
const bootView = (situation: Situation | undefined): Pick<Sdl.Host, BootFields> => ({
  bootHistory: situation?.bootHistory ?? null,
  historyTooLong: situation?.historyTooLong ?? false,
  gates:
    situation === undefined
      ? null
      : {
          ...situation.gates,
          signatureEnforced: situation.capabilities.signatureEnforced,
          lockdown: lockdownView(situation.capabilities.lockdown),
        },
  otherLivePatching: situation?.otherLivePatching ?? [],
  unread: situation?.unread ?? [],
});

/** What the next boot loads, by this catalog. */
const bootPersistenceView = (
  host: ResolvedSituation,
  catalog: Catalog,
  patches: Patches,
): Sdl.BootPersistence => ({
  outcome: bootOutcome(host, (buildId) => catalog.find(buildId)?.replace),
  kernelRelease: host.situation.boot?.kernelRelease ?? null,
  loads:
    host.situation.boot?.loads.map(({ name, buildId }) => ({
      name,
      buildId,
      patch: patchOf(buildId, patches),
    })) ?? null,
});

const weakestView = (host: ResolvedSituation | null): Sdl.Evidence | null => {
  const weakest = host === null ? null : weakestEvidence(host);
  return weakest === 'NO_PATCHES' ? null : weakest;
};

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

export function hostView(
  row: HostRow,
  situation: Situation | undefined,
  catalog: Catalog,
  patches: Patches,
  intervalSeconds: number,
  asOf: AsOf,
  view: CatalogSnapshot,
): HostView {
  const ahead = row.confirmedAt !== null && !asOf.past && row.confirmedAt > latestPlausible(asOf.now);
  const ageSeconds =
    ahead || row.confirmedAt === null || row.situationId === null
      ? null
      : Math.max(0, (asOf.now.getTime() - row.confirmedAt.getTime()) / 1000);
  const resolved = situation === undefined ? null : resolveSituation(situation, catalog);
  const open = resolved?.inTransition ?? null;
  const seen = row.detail.transition?.patch === open?.name ? row.detail.transition : null;
  const choice =
    situation === undefined
      ? { candidates: [], basis: 'NOTHING' as const }
      : chooseRules(situation.capabilities, situation.kernelRelease);
  return {
    __typename: 'Host',
    id: toId('Host', row.id),
    instance: row.id,
    hostname: row.hostname,
    labels: labelViews(row.labels),
    bootId: row.bootId,
    kernelRelease: situation?.kernelRelease ?? null,
    kernelVersion: situation?.kernelVersion ?? null,
    arch: situation?.arch ?? null,
    stack: resolved?.list.map((known, i) => listedView(known, resolved.situation.list[i]!, patches)) ?? [],
    leftovers: (situation?.leftovers ?? []).map(({ name, buildId, referenced, pinned, moduleState }) => ({
      name,
      buildId,
      moduleState,
      referenced,
      pinned,
      patch: patchOf(buildId, patches),
    })),
    unlisted: (resolved?.unlisted ?? []).map(({ known, unlistedBy }) => ({
      name: known.name,
      buildId: known.buildId,
      unlistedBy,
      patch: patchOf(known.buildId, patches),
    })),
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
    ...bootView(situation),
    boot: resolved === null ? null : bootPersistenceView(resolved, catalog, patches),
    agent: agentFacts(row.detail, situation),
    forcedTransition: resolved === null ? false : wasForced(resolved),
    weakestEvidence: weakestView(resolved),
    ...detailView(row, resolved),
    suspect: row.suspect,
    rules: rulesView({ sets: choice.candidates.map((rules) => rules.name), basis: choice.basis }),
    retiredAt: row.retiredAt,
    retiredBy: row.retiredBy,
    row,
    asOf,
    view,
  };
}
