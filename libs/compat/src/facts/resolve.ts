import { type DeclaredState, declare } from './declared.js';
import type { Callbacks, Evidence, Manifest, Reading } from './manifest.js';
import { loadedName, type Patch, type State } from '../rules/patch.js';
import type { Reason } from '../reasons/reasons.js';
import { kernelText } from './sighting-counts.js';
import type {
  Catalog,
  Kernel,
  LeftoverModule,
  ListedPatch,
  Situation,
  UnlistedBy,
  UnlistedPatch,
} from './situation.js';
import { contradictionsOf } from './report-contradictions.js';
import { withConflicts, withRewritten } from './rewritten.js';
import { chooseRules, type RulesChoice } from '../rules/select.js';
import { conflictsOf, kernelStates, provesNone, type ObservedPatch, sourcesOf } from './sources.js';

/** A patch with everything that is known of it: from the host, from its module, from its author. */
export interface KnownPatch {
  readonly name: string;
  readonly buildId: string | null;
  readonly manifest: Manifest | null;
  /** The live value where the host shows it. */
  readonly replace: boolean | null;
  /** Only read under `replace-set` rules. */
  readonly replaceSet: bigint;
  /** Kernel states: the only ones that feed the state rule; null if they are not known. */
  readonly states: readonly State[] | null;
  /** How well the kernel states are known; null if they are not known at all. */
  readonly evidence: Evidence | null;
  /** One entry for each id, with the highest version; these feed the reasons about harm. */
  readonly declared: readonly DeclaredState[];
  /** Those of them that the kernel does not know, or not at this version: its author's alone. */
  readonly added: readonly DeclaredState[];
  readonly callbacks: Callbacks | null;
  /** How well the callbacks are known; null if they are not known at all. */
  readonly callbacksEvidence: Evidence | null;
  /** It changes something (or may), and no declaration says what. */
  readonly undeclared: boolean;
  /**
   * Provably no state, from the module file or the live kernel; what patched functions do to data is still
   * theirs.
   */
  readonly provenNone: boolean;
  /** It writes to the states of the patches below it. */
  readonly rewritesBelow: boolean;
  /** Why the facts about it are not good enough: not catalogued, unreadable, in conflict. */
  readonly doubts: readonly Reason[];
  readonly enabled: boolean;
  readonly transition: boolean;
  /** As the state rule takes it; null if the states or the replace flag are not known. */
  readonly asPatch: Patch | null;
}

/** A patch that is no longer on the list, and how it left. */
export interface KnownUnlisted {
  readonly known: KnownPatch;
  readonly unlistedBy: UnlistedBy;
}

/** A situation with everything that is known of each patch. */
export interface ResolvedSituation {
  readonly situation: Situation;
  readonly list: readonly KnownPatch[];
  readonly unlisted: readonly KnownUnlisted[];
  /** The rules that this kernel follows. */
  readonly rules: RulesChoice;
  /** The listed patch whose transition is open. */
  readonly inTransition: KnownPatch | null;
  /**
   * Livepatch modules off the list that are not in state Live: they may be listed, or gone, a moment later.
   */
  readonly loading: readonly LeftoverModule[];
  /** Why this situation cannot be true of a kernel. */
  readonly contradictions: readonly string[];
  readonly kernel: Kernel;
  /** By `kernelText`. */
  readonly kernelText: string;
}

function doubtsOf(
  name: string,
  buildId: string | null,
  states: readonly State[] | null,
  sources: readonly Reading[],
  conflicts: readonly string[],
): Reason[] {
  if (sources.length === 0) return [{ code: 'PATCH_NOT_CATALOGUED', patch: name, buildId }];
  const doubts: Reason[] = [];
  if (states === null) doubts.push({ code: 'STATES_UNREADABLE', patch: name, buildId });
  if (conflicts.length > 0)
    doubts.push({ code: 'EVIDENCE_CONFLICT', patch: name, buildId, detail: conflicts.join(', ') });
  return doubts;
}

/**
 * Returns everything that is known of this patch.
 *
 * A module is identified by its build-id alone. The strongest source decides. If sources disagree, that is a
 * doubt.
 */
export function resolvePatch(observed: ObservedPatch, catalog: Catalog): KnownPatch {
  const manifest = (observed.buildId === null ? undefined : catalog.find(observed.buildId)) ?? null;
  const name = loadedName(observed.name);
  const sources = sourcesOf(observed, manifest);
  const strongest = sources[0];
  const states = kernelStates(strongest);
  const replace = observed.replace ?? sources.find((source) => source.replace !== null)?.replace ?? null;
  const declared = declare(states, manifest?.author?.states ?? []);
  // A live reading knows the states; only the file shows callbacks and what else the module does.
  const file = sources.find((source) => source.evidence !== 'LIVE') ?? strongest;
  const provenNone = declared.length === 0 && provesNone(file);
  const withCallbacks = sources.find((source) => source.callbacks !== null);
  const functions = manifest?.functions;
  const replaceSet = sources.find((source) => source.replaceSet !== undefined)?.replaceSet ?? 0n;
  return {
    name,
    buildId: observed.buildId,
    manifest,
    replace,
    replaceSet,
    states,
    evidence: strongest?.evidence ?? null,
    declared,
    added: declared.filter(
      ({ id, version }) => states?.some((own) => own.id === id && own.version >= version) !== true,
    ),
    callbacks: withCallbacks?.callbacks ?? null,
    callbacksEvidence: withCallbacks?.evidence ?? null,
    provenNone,
    rewritesBelow: sources.some((source) => source.rewritesEarlierStates === true),
    undeclared:
      strongest !== undefined &&
      declared.length === 0 &&
      !provenNone &&
      states !== null &&
      manifest?.author?.impactNone !== true,
    doubts: doubtsOf(name, observed.buildId, states, sources, conflictsOf(observed, manifest, sources)),
    enabled: observed.enabled ?? false,
    transition: observed.transition ?? false,
    asPatch:
      states === null || replace === null
        ? null
        : { name, replace, replaceSet, states, ...(functions ? { functions } : {}) },
  };
}

/**
 * What is known of a manifest never changes, because a manifest never does. Many hosts are asked about few
 * targets.
 */
const resolved = new WeakMap<Manifest, KnownPatch>();

/** Returns what is known of a catalogued patch that is not loaded. */
export function resolveManifest(manifest: Manifest): KnownPatch {
  return resolved.get(manifest) ?? resolveOnce(manifest);
}

function resolveOnce(manifest: Manifest): KnownPatch {
  const { name, buildId } = manifest;
  const known = resolvePatch({ name, buildId, reading: null }, { find: () => manifest, builds: () => [] });
  resolved.set(manifest, known);
  return known;
}

/** Resolves every patch of this host. Once is enough for any number of judgements. */
export function resolveSituation(reported: Situation, catalog: Catalog): ResolvedSituation {
  const situation = withoutInactive(reported);
  const listed = situation.list.map((patch) => resolvePatch(patch, catalog));
  const keyOf = ({ buildId, name }: LeftoverModule | UnlistedPatch) => buildId ?? name;
  const seen = new Set(situation.unlisted.map(keyOf));
  // A module in state Loading has not been on the list yet.
  const onlyLeftover = (leftover: LeftoverModule) =>
    leftover.moduleState !== 'LOADING' && !seen.has(keyOf(leftover));
  // What the host reads of a module that is still loaded counts for the patch that left the list with it.
  const readings = new Map(situation.leftovers.map((leftover) => [keyOf(leftover), leftover.reading]));
  const unlisted = [
    ...situation.unlisted.map((patch) => ({
      known: resolvePatch(
        { ...patch, reading: patch.reading ?? readings.get(keyOf(patch)) ?? null },
        catalog,
      ),
      unlistedBy: patch.unlistedBy,
    })),
    ...situation.leftovers
      .filter(onlyLeftover)
      .map((leftover) => ({ known: resolvePatch(leftover, catalog), unlistedBy: 'UNKNOWN' as const })),
  ];
  const rules = chooseRules(situation.capabilities, situation.kernelRelease);
  const list = withRewritten(withConflicts(listed, situation), unlisted);
  const { kernelRelease: release, kernelVersion: version, arch, kernelBuildId } = situation;
  const kernel = { release, version, arch, buildId: kernelBuildId };
  return {
    situation,
    list,
    unlisted,
    rules,
    inTransition: list.find((patch) => patch.transition) ?? null,
    loading: situation.leftovers.filter(({ moduleState }) => moduleState !== 'LIVE'),
    contradictions: contradictionsOf(situation),
    kernel,
    kernelText: kernelText(kernel),
  };
}

/**
 * A directory with neither `enabled` nor `transition`: its patch has left the list, its module is still
 * loaded.
 */
function withoutInactive(situation: Situation): Situation {
  const counts = (patch: ListedPatch) => patch.enabled || patch.transition;
  if (situation.list.every(counts)) return situation;
  const gone = situation.list
    .filter((patch) => !counts(patch))
    .map(({ name, buildId, reading, moduleState }): LeftoverModule => ({
      name,
      buildId,
      reading,
      referenced: true,
      pinned: false,
      moduleState,
    }));
  return { ...situation, list: situation.list.filter(counts), leftovers: [...situation.leftovers, ...gone] };
}
