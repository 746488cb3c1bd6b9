import type { Manifest } from '../facts/manifest.js';
import type { Capabilities } from '../rules/capabilities.js';
import type {
  Catalog,
  UnlistedPatch,
  UnlistedBy,
  LeftoverModule,
  ListedPatch,
  LoadSighting,
  Situation,
} from '../facts/situation.js';

/**
 * A kernel that follows `klp-5.5` and reported everything; it is not locked down and enforces no signatures.
 */
export const capabilities = (differs: Partial<Capabilities> = {}): Capabilities => ({
  livepatch: true,
  replaceSetAttribute: false,
  symbols: ['klp_enable_patch', 'klp_is_patch_compatible', 'klp_get_state', 'klp_get_prev_state'],
  symbolsComplete: true,
  stateFields: ['id', 'version', 'data'],
  lockdown: 'none',
  signatureEnforced: false,
  ...differs,
});

/** A patch as the host lists it: enabled and settled; sysfs shows `replace` as the module has it. */
export const listed = (
  { name, buildId, replace }: Manifest,
  differs: Partial<ListedPatch> = {},
): ListedPatch => ({
  name,
  buildId,
  enabled: true,
  transition: false,
  replace,
  reading: null,
  moduleState: 'LIVE',
  moduleTaint: 'OEK',
  file: null,
  ...differs,
});

/** A module that is loaded, off the list, and could be removed. */
export const leftover = (
  { name, buildId }: Manifest,
  differs: Partial<LeftoverModule> = {},
): LeftoverModule => ({
  name,
  buildId,
  reading: null,
  referenced: false,
  pinned: false,
  moduleState: 'LIVE',
  ...differs,
});

/** A patch that left the list earlier in this boot. */
export const unlisted = (
  { name, buildId }: Manifest,
  unlistedBy: UnlistedBy = 'REPLACED',
): UnlistedPatch => ({ name, buildId, reading: null, unlistedBy });

const isManifest = (patch: Manifest | ListedPatch): patch is Manifest => 'release' in patch;

/** A host that lists these patches, oldest first, and was watched since it booted. */
export const running = (
  list: readonly (Manifest | ListedPatch)[],
  differs: Partial<Situation> = {},
): Situation => ({
  kernelRelease: '6.12.95+deb13-amd64',
  kernelVersion: VERSION,
  kernelBuildId: null,
  arch: 'x86_64',
  capabilities: capabilities(),
  gates: { modulesDisabled: false, ftraceEnabled: true },
  otherLivePatching: [],
  unread: [],
  list: list.map((patch) => (isManifest(patch) ? listed(patch) : patch)),
  leftovers: [],
  unlisted: [],
  previous: null,
  tainted: list.length > 0,
  bootHistory: 'KNOWN',
  historyTooLong: false,
  boot: null,
  suspect: false,
  ...differs,
});

/** Kernel version string of `running()`. */
const VERSION = '#1 SMP Debian 6.12.95-1';

/**
 * What two machines showed of this build on the kernel that it is for: all its objects patched, over a list
 * without states, from its first file.
 */
export const sightings = (seen: Manifest, differs: Partial<LoadSighting> = {}): LoadSighting[] =>
  ['machine-1', 'machine-2'].map((machine) => ({
    machine,
    kernel: { release: seen.kernelRelease, version: VERSION, arch: seen.arch, buildId: null },
    objects: [...new Set(seen.functions?.map((name) => name.slice(0, name.indexOf(':'))))],
    over: '',
    file: seen.files[0]?.sha256 ?? null,
    verified: false,
    ...differs,
  }));

const known = new WeakMap<readonly Manifest[], Map<string, LoadSighting[]>>();
function sightingsIn(manifests: readonly Manifest[]): ReadonlyMap<string, readonly LoadSighting[]> {
  const made = known.get(manifests) ?? new Map(manifests.map((seen) => [seen.buildId, sightings(seen)]));
  known.set(manifests, made);
  return made;
}

/** Builds that are offered as bridges were also seen. */
function bridgeSightings({ bridges }: Partial<Catalog>, buildId: string): readonly LoadSighting[] {
  const bridge = bridges?.('6.12.95+deb13-amd64', 'x86_64').find((build) => build.buildId === buildId);
  return bridge === undefined ? [] : sightings(bridge);
}

/** A registry that knows these patches, each of them seen loaded on this kernel, with all that it patches. */
export const catalog = (manifests: readonly Manifest[], differs: Partial<Catalog> = {}): Catalog => ({
  find: (buildId) => manifests.find((manifest) => manifest.buildId === buildId),
  builds: (release) => manifests.filter((manifest) => manifest.release === release),
  sightings: (buildId) => sightingsIn(manifests).get(buildId) ?? bridgeSightings(differs, buildId),
  ...differs,
});
