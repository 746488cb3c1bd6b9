import { atLeast, type Evidence, type KnownPatch, loadedName, type ResolvedSituation } from '@klpreg/compat';
import { RequestError } from '../errors.js';
import type { FreshnessKey } from '../store/hosts/hosts-at.js';
import { bootOutcome, type Replaces } from './boot-outcome.js';
import type { HostFilter, StateFilter } from './generated/schema.js';

/** What tests read of the catalog. */
export interface CatalogFacts {
  /** Ids that patches of several owners declare. */
  readonly sharedStateIds: ReadonlySet<bigint>;
  readonly replaces: Replaces;
}

type Test<Field extends keyof HostFilter, Subject> = (
  value: NonNullable<HostFilter[Field]>,
  subject: Subject,
  facts: CatalogFacts,
) => boolean;

/** The tests of a host's freshness and identity, which hosts that never reported also have. */
const KEY_TESTS: { readonly [Field in 'freshness' | 'superseded' | 'suspect']: Test<Field, FreshnessKey> } = {
  freshness: (levels, { level }) => levels.includes(level === 'AHEAD' ? 'LOST' : level),
  superseded: (wanted, { superseded }) => superseded === wanted,
  suspect: (wanted, { suspect }) => suspect === wanted,
};

const namesOfLists = new WeakMap<readonly string[], ReadonlySet<string>>();

/** The names of a list as modules have them. They are the same for all situations. */
function loadedNames(names: readonly string[]): ReadonlySet<string> {
  const known = namesOfLists.get(names) ?? new Set(names.map(loadedName));
  namesOfLists.set(names, known);
  return known;
}

/** The tests of what a host runs, by field of the filter. */
const SITUATION_TESTS = {
  kernelReleases: (releases, { situation }) => releases.includes(situation.kernelRelease),
  kernelPrefix: (prefix, { situation }) => situation.kernelRelease.startsWith(prefix),
  archs: (archs, { situation }) => archs.includes(situation.arch),
  running: (buildId, { list }) => list.some((patch) => patch.buildId === buildId),
  runningNames: (names, { list }) => list.some(({ name }) => loadedNames(names).has(name)),
  runningReleases: (releases, { list }) =>
    list.some(({ manifest }) => manifest !== null && releases.includes(manifest.release)),
  states: (wanted, { list }) => wanted.every((state) => list.some((patch) => hasState(patch, state))),
  impacts: (impacts, { list }) =>
    list.some(({ manifest }) => manifest !== null && impacts.includes(manifest.impact)),
  evidenceWeakerThan: (evidence, host) => {
    const weakest = weakestEvidence(host);
    return weakest !== 'NO_PATCHES' && (weakest === null || !atLeast(weakest, evidence));
  },
  unpublished: (wanted, { list }) => list.some(({ manifest }) => manifest === null) === wanted,
  minPatches: (least, { list }) => list.length >= least,
  maxPatches: (most, { list }) => list.length <= most,
  conflicts: (wanted, { list }) =>
    list.some(({ doubts }) => doubts.some(({ code }) => code === 'EVIDENCE_CONFLICT')) === wanted,
  sharedStates: (wanted, { list }, { sharedStateIds }) =>
    list.some(({ states }) => states?.some(({ id }) => sharedStateIds.has(id))) === wanted,
  transition: (wanted, { inTransition }) => (inTransition === null) === (wanted === 'NONE'),
  leftovers: (wanted, { situation }) => situation.leftovers.length > 0 === wanted,
  forcedTransition: (wanted, host) => wasForced(host) === wanted,
  boot: (outcomes, host, { replaces }) => outcomes.includes(bootOutcome(host, replaces)),
} satisfies { readonly [Field in keyof HostFilter]?: Test<Field, ResolvedSituation> };

type AnyTest<Subject> = (value: unknown, subject: Subject, facts: CatalogFacts) => boolean;

/** Fields that SQL tests on its own, without a look at the situations. */
const SQL_FIELDS: ReadonlySet<string> = new Set(['kernelReleases', 'archs', 'running']);
type SituationField = keyof typeof SITUATION_TESTS;
type KeyField = keyof typeof KEY_TESTS;
const SITUATION_FIELDS = Object.keys(SITUATION_TESTS) as SituationField[];
const KEY_FIELDS = Object.keys(KEY_TESTS) as KeyField[];

/** The weakest evidence by which the states of a listed patch are known. Null: those of one are not known. */
export function weakestEvidence({ list }: ResolvedSituation): Evidence | null | 'NO_PATCHES' {
  if (list.length === 0) return 'NO_PATCHES';
  if (list.some(({ states }) => states === null)) return null;
  return list.map(({ evidence }) => evidence!).reduce((a, b) => (atLeast(a, b) ? b : a));
}

const hasState = ({ states }: KnownPatch, { id, version, minVersion, maxVersion }: StateFilter): boolean =>
  states?.some(
    (state) =>
      state.id === id &&
      (version == null || state.version === version) &&
      (minVersion == null || state.version >= minVersion) &&
      (maxVersion == null || state.version <= maxVersion),
  ) ?? false;

/** Whether a transition of this boot was forced: a patch left the list by force, or its module is pinned. */
export const wasForced = ({ situation, unlisted }: ResolvedSituation): boolean =>
  unlisted.some(({ unlistedBy }) => unlistedBy === 'FORCED') ||
  situation.leftovers.some(({ pinned }) => pinned);

/** Whether the filter has a field that is tested on situations and freshness, not in SQL. */
export const hasProperties = (where: HostFilter): boolean =>
  (where.not ?? []).length > 0 ||
  KEY_FIELDS.some((field) => where[field] != null) ||
  SITUATION_FIELDS.some((field) => where[field] != null && !SQL_FIELDS.has(field));

/** Whether the filter needs the state ids that several owners declare. */
export const needsSharedStates = ({ sharedStates }: HostFilter): boolean => sharedStates != null;

/**
 * Whether hosts with this freshness key match the fields of the filter that are tested here.
 *
 * @param host null: the hosts never reported
 */
export function hasTheProperties(
  where: HostFilter,
  key: FreshnessKey,
  host: ResolvedSituation | null,
  facts: CatalogFacts,
): boolean {
  const ofKey = (field: KeyField): boolean =>
    where[field] == null || (KEY_TESTS[field] as AnyTest<FreshnessKey>)(where[field], key, facts);
  const ofSituation = (field: SituationField): boolean =>
    where[field] == null ||
    (host !== null && (SITUATION_TESTS[field] as AnyTest<ResolvedSituation>)(where[field], host, facts));
  return (
    KEY_FIELDS.every(ofKey) &&
    SITUATION_FIELDS.every(ofSituation) &&
    !(where.not ?? []).some((excluded) => hasTheProperties(excluded, key, host, facts))
  );
}

/** @throws RequestError if the filter asks for what no count tells apart */
export function refuseLateAlone({ freshness }: HostFilter): void {
  if (freshness?.includes('LATE') === true && !freshness.includes('FRESH'))
    throw new RequestError(
      'BAD_USER_INPUT',
      '`where.freshness` cannot have LATE without FRESH, because counts do not tell them apart',
    );
}
