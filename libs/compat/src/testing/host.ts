import type { Manifest } from '../manifest.js';
import type { Capabilities, Catalog, DepartedPatch, Departure, LeftoverModule, ListedPatch, Situation } from '../situation.js';

/** A kernel that follows `klp-5.5` and told everything; neither locked down nor keen on signatures. */
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
export const listed = ({ name, buildId, replace }: Manifest, differs: Partial<ListedPatch> = {}): ListedPatch => ({
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
export const leftover = ({ name, buildId }: Manifest, differs: Partial<LeftoverModule> = {}): LeftoverModule => ({
  name,
  buildId,
  reading: null,
  referenced: false,
  pinned: false,
  moduleState: 'LIVE',
  ...differs,
});

/** A patch that left the list earlier in this boot. */
export const departed = ({ name, buildId }: Manifest, departure: Departure = 'REPLACED'): DepartedPatch => ({ name, buildId, reading: null, departure });

const isManifest = (patch: Manifest | ListedPatch): patch is Manifest => 'release' in patch;

/** A host that lists these patches, oldest first, and was watched since it booted. */
export const running = (list: readonly (Manifest | ListedPatch)[], differs: Partial<Situation> = {}): Situation => ({
  kernelRelease: '6.12.95+deb13-amd64',
  kernelVersion: '#1 SMP Debian 6.12.95-1',
  kernelBuildId: null,
  arch: 'x86_64',
  capabilities: capabilities(),
  gates: { modulesDisabled: false, ftraceEnabled: true },
  otherLivePatching: [],
  unread: [],
  list: list.map((patch) => (isManifest(patch) ? listed(patch) : patch)),
  leftovers: [],
  departed: [],
  previous: null,
  tainted: list.length > 0,
  bootHistory: 'KNOWN',
  historyTooLong: false,
  boot: null,
  suspect: false,
  ...differs,
});

/** A registry that knows these patches, each of them seen loaded on this kernel, with all that it patches. */
export const catalog = (manifests: readonly Manifest[], differs: Partial<Catalog> = {}): Catalog => ({
  find: (buildId) => manifests.find((manifest) => manifest.buildId === buildId),
  builds: (release) => manifests.filter((manifest) => manifest.release === release),
  hasLoaded: () => true,
  hasPatched: () => true,
  ...differs,
});
