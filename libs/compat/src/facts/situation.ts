import type { Capabilities } from '../rules/capabilities.js';
import type { Manifest, Reading } from './manifest.js';

/** A patch on the kernel's list: its directory has `enabled` or `transition` at 1. */
export interface ListedPatch {
  readonly name: string;
  readonly buildId: string | null;
  readonly enabled: boolean;
  readonly transition: boolean;
  /** `replace` from sysfs, the live value; null if this kernel does not show it. */
  readonly replace: boolean | null;
  readonly reading: Reading | null;
  /** State of its module in `/proc/modules`; null: not reported, which never means Live. */
  readonly moduleState: ModuleState | null;
  /** Taint letters of its module. Without `E` its signature was verified. null: not reported. */
  readonly moduleTaint: string | null;
  /** SHA-256 of the module file that the host has for this build-id, signature included; null: not known. */
  readonly file: string | null;
}

/** State of a module, as the last column but one of `/proc/modules` shows it. */
export type ModuleState = 'LIVE' | 'LOADING' | 'GOING';

/** How a patch left the list: its callbacks ran only if it was disabled. */
export type UnlistedBy = 'REPLACED' | 'FORCED' | 'DISABLED' | 'UNKNOWN';

/** A livepatch module that is loaded and no longer on the list. */
export interface LeftoverModule {
  readonly name: string;
  readonly buildId: string | null;
  readonly reading: Reading | null;
  /** Its reference count is above 0. */
  readonly referenced: boolean;
  /** Referenced in two reports at least 60 s apart while live: it can never go before a reboot. */
  readonly pinned: boolean;
  /** null: not reported, which never means Live. */
  readonly moduleState: ModuleState | null;
}

/** A patch that was seen on the list earlier in this boot. */
export interface UnlistedPatch {
  readonly name: string;
  readonly buildId: string | null;
  readonly reading: Reading | null;
  readonly unlistedBy: UnlistedBy;
}

/** What the next boot would load, as far as the host reports it. */
export interface BootPersistence {
  readonly kernelRelease: string | null;
  readonly loads: readonly { readonly name: string; readonly buildId: string | null }[];
}

/**
 * Settings of the host that decide whether a module can be loaded or a function patched. null: not reported,
 * which never means off.
 */
export interface HostGates {
  /** `kernel.modules_disabled` is 1. */
  readonly modulesDisabled: boolean | null;
  /** `kernel.ftrace_enabled` is 1. */
  readonly ftraceEnabled: boolean | null;
}

/**
 * What is known of a boot's earlier livepatches: all of them; not those before the first report; not those of
 * a time in which the agent did not look. `KNOWN` also covers a boot whose kernel log or whose admin's
 * baseline names every patch that was enabled.
 */
export type BootHistory = 'KNOWN' | 'STARTED_LATE' | 'GAP';

/** Every fact of a host that a verdict reads. Hosts with equal situations share every verdict. */
export interface Situation {
  readonly kernelRelease: string;
  readonly kernelVersion: string;
  /** The kernel's own build-id; null: not reported. */
  readonly kernelBuildId: string | null;
  readonly arch: string;
  readonly capabilities: Capabilities;
  readonly gates: HostGates;
  /** Other live patching systems that were seen in this boot, as the agent names them. */
  readonly otherLivePatching: readonly string[];
  /**
   * What the agent could not read in full of the list, `enabled`, `transition`, the modules or their taint.
   */
  readonly unread: readonly string[];
  /** The kernel's list, oldest first. */
  readonly list: readonly ListedPatch[];
  readonly leftovers: readonly LeftoverModule[];
  /** What left the list in this boot, from history; a leftover need not be repeated here. */
  readonly unlisted: readonly UnlistedPatch[];
  /**
   * Build-ids of the last settled different list of this boot and kernel, oldest first; null if there is
   * none.
   */
  readonly previous: readonly string[] | null;
  /** Taint bit K: a livepatch was loaded since boot. null: not reported. */
  readonly tainted: boolean | null;
  readonly bootHistory: BootHistory;
  /** More patches left the list in this boot than are kept. */
  readonly historyTooLong: boolean;
  readonly boot: BootPersistence | null;
  /** Looks cloned or replayed. */
  readonly suspect: boolean;
}

/** How old what we know of a host is. */
export interface Freshness {
  /** `NEVER`: no report at all. */
  readonly level: 'FRESH' | 'LATE' | 'STALE' | 'LOST' | 'NEVER';
  /** Seconds since the last confirmation of these facts; null for `NEVER`. */
  readonly ageSeconds: number | null;
  /** Set if `ageSeconds` is a lower bound, because these are the facts of several hosts. */
  readonly ageIsBound?: true;
  /** A heartbeat with another digest or boot id came, and no report since. */
  readonly superseded: boolean;
}

/**
 * A kernel. Two hosts run the same one if release, version string and architecture agree, and the build-ids
 * where both are known.
 */
export interface Kernel {
  readonly release: string;
  readonly version: string;
  readonly arch: string;
  readonly buildId: string | null;
}

/** One machine showed this build on its list, with `enabled` at 1. */
export interface LoadSighting {
  /** Hash of the machine id: distinct ones are distinct witnesses. */
  readonly machine: string;
  readonly kernel: Kernel;
  /** Names of the objects that it patched there (`patched` 1; `vmlinux` for the kernel). */
  readonly objects: readonly string[];
  /** Effective kernel states of the list below it, as `canonicalStates` writes them; null: not known. */
  readonly over: string | null;
  /** SHA-256 of the file that the machine has for this build-id; null: not known. */
  readonly file: string | null;
  /** Its module carried no taint `E`: the kernel verified the signature. null: the taint was not reported. */
  readonly verified: boolean | null;
}

/** What the registry knows of patches. Pure look-ups: everything is loaded before anything is judged. */
export interface Catalog {
  find(buildId: string): Manifest | undefined;
  /** Every build of a release, recalled or not. */
  builds(release: string): readonly Manifest[];
  /**
   * What hosts other than the suspect, revoked or compromised ones showed about this build: the same array
   * while the catalog is the same. A catalog that leaves it out has none.
   */
  sightings?(buildId: string): readonly LoadSighting[];
  /**
   * Every build for this kernel over which a host may go to somewhere else. A catalog that leaves it out
   * offers none.
   */
  bridges?(kernelRelease: string, arch: string): readonly Manifest[];
}
