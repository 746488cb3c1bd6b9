import { type Catalog, chooseRules, type ResolvedSituation, type Situation } from '@klpreg/compat';
import { bootOutcome } from './boot-outcome.js';
import type * as Sdl from './generated/schema.js';
import { wasForced, weakestEvidence } from './host-properties.js';
import { memoizedView } from './memoized-view.js';
import { patchOf, type Patches, stackView } from './stack-view.js';
import { rulesView } from './verdict-view.js';

const lockdownView = (level: Situation['capabilities']['lockdown']): Sdl.Lockdown | null =>
  level === null ? null : (level.toUpperCase() as Uppercase<typeof level>);

/** The history of a boot, and the settings that decide whether the host can load a module. */
type BootFields = 'bootHistory' | 'historyTooLong' | 'gates' | 'otherLivePatching' | 'unread';
const bootView = (situation: Situation): Pick<Sdl.Host, BootFields> => ({
  bootHistory: situation.bootHistory,
  historyTooLong: situation.historyTooLong,
  gates: {
    ...situation.gates,
    signatureEnforced: situation.capabilities.signatureEnforced,
    lockdown: lockdownView(situation.capabilities.lockdown),
  },
  otherLivePatching: [...situation.otherLivePatching],
  unread: [...situation.unread],
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

const weakestView = (host: ResolvedSituation): Sdl.Evidence | null => {
  const weakest = weakestEvidence(host);
  return weakest === 'NO_PATCHES' ? null : weakest;
};

/** What the hosts in one situation share. */
export type SituationView = Pick<
  Sdl.Host,
  | BootFields
  | 'kernelRelease'
  | 'kernelVersion'
  | 'arch'
  | 'stack'
  | 'leftovers'
  | 'unlisted'
  | 'boot'
  | 'forcedTransition'
  | 'weakestEvidence'
  | 'rules'
>;

export const NEVER_REPORTED: SituationView = {
  kernelRelease: null,
  kernelVersion: null,
  arch: null,
  stack: [],
  leftovers: [],
  unlisted: [],
  bootHistory: null,
  historyTooLong: false,
  gates: null,
  otherLivePatching: [],
  unread: [],
  boot: null,
  forcedTransition: false,
  weakestEvidence: null,
  rules: rulesView({ sets: [], basis: 'NOTHING' }),
};

/** @param catalog in which the hosts were resolved, with its patches */
export const situationView = memoizedView(
  (host: ResolvedSituation, catalog: Catalog, patches: Patches): SituationView => {
    const { situation } = host;
    const { candidates, basis } = chooseRules(situation.capabilities, situation.kernelRelease);
    return {
      kernelRelease: situation.kernelRelease,
      kernelVersion: situation.kernelVersion,
      arch: situation.arch,
      stack: stackView(host, patches),
      leftovers: situation.leftovers.map(({ name, buildId, referenced, pinned, moduleState }) => ({
        name,
        buildId,
        moduleState,
        referenced,
        pinned,
        patch: patchOf(buildId, patches),
      })),
      unlisted: host.unlisted.map(({ known, unlistedBy }) => ({
        name: known.name,
        buildId: known.buildId,
        unlistedBy,
        patch: patchOf(known.buildId, patches),
      })),
      ...bootView(situation),
      boot: bootPersistenceView(host, catalog, patches),
      forcedTransition: wasForced(host),
      weakestEvidence: weakestView(host),
      rules: rulesView({ sets: candidates.map(({ name }) => name), basis }),
    };
  },
);
