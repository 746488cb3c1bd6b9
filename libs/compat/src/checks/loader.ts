import { canonicalStates } from '../facts/canonical-states.js';
import type { Plan } from '../routes/plan.js';
import type { Manifest } from '../facts/manifest.js';
import type { KnownPatch, ResolvedSituation } from '../facts/resolve.js';
import { loadedName } from '../rules/patch.js';
import type { Reason } from '../reasons/reasons.js';
import { stateOf } from './doubts.js';
import { type Seen, countsOn } from '../facts/sighting-counts.js';
import { pushSignature, type Trust } from './signature.js';
import type { Catalog, LeftoverModule, LoadSighting } from '../facts/situation.js';
import { spellsVmlinux } from './object-names.js';

/**
 * Why would the module loader not take this module, before livepatch code ever sees it?
 *
 * Mirrors the gates of `load_module()` and the first of `klp_enable_patch()`: vermagic, a name that is loaded, `is_livepatch_module()`.
 */
export function pushLoaderRefusals(reasons: Reason[], load: KnownPatch, plan: Plan, host: ResolvedSituation): void {
  if (load.manifest === null) return;
  pushBuiltForAnother(reasons, load, load.manifest, host);
  pushNameCollisions(reasons, load, plan, host);
  pushNotALivepatch(reasons, load, host);
}

function pushBuiltForAnother(reasons: Reason[], load: KnownPatch, manifest: Manifest, host: ResolvedSituation): void {
  const { kernelRelease, arch } = host.situation;
  if (manifest.kernelRelease === kernelRelease && manifest.arch === arch) return;
  const detail = `built for ${manifest.kernelRelease} ${manifest.arch}, the host runs ${kernelRelease} ${arch}`;
  const facts = { patch: load.name, buildId: load.buildId, detail };
  // With symbol versions on both sides, `same_magic()` leaves the release out of the comparison.
  const bySymbols = manifest.modversions && manifest.arch === arch && hasSymbolVersions(host) !== false;
  reasons.push({ code: bySymbols ? 'TARGET_BUILT_FOR_OTHER_KERNEL' : 'TARGET_NOT_BUILT_FOR_KERNEL', ...facts });
}

/**
 * Has this kernel symbol versions? null: not known.
 *
 * `modversions` is a word of the version magic that a module must share with its kernel, so each listed module that was built for this release shows it.
 */
function hasSymbolVersions({ list, situation }: ResolvedSituation): boolean | null {
  const built = list.find(({ manifest }) => manifest?.kernelRelease === situation.kernelRelease && manifest.evidence === 'MODULE');
  return built?.manifest?.modversions ?? null;
}

/** Is a module of that name loaded? The kernel compares names alone, whatever is in the file. */
function pushNameCollisions(reasons: Reason[], load: KnownPatch, plan: Plan, host: ResolvedSituation): void {
  const { leftovers } = host.situation;
  const held = (): boolean =>
    leftovers.some((module) => (module.referenced || module.pinned || module.moduleState !== 'LIVE') && loadedName(module.name) === load.name);
  if (plan.removed.length > 0 && plan.removed.includes(load.name) && !held()) return;
  for (const patch of host.list) {
    if (patch.name !== load.name) continue;
    const taken: Reason = { code: 'MODULE_NAME_TAKEN', patch: patch.name, buildId: patch.buildId };
    // The target itself, on its way in: once its transition is complete there is nothing to load.
    reasons.push(patch.buildId === load.buildId && patch.transition && patch.enabled ? { ...taken, clearedBy: 'TIME' } : taken);
  }
  for (const module of leftovers) if (loadedName(module.name) === load.name) reasons.push(stillThere(load, module, host));
}

/** Mirrors `module_patient_check_exists()`: EEXIST if the module of that name is live, EBUSY if it was still loading or going. */
function stillThere(load: KnownPatch, { buildId, pinned, moduleState }: LeftoverModule, host: ResolvedSituation): Reason {
  const about = { patch: load.name, buildId };
  if (pinned && moduleState !== 'LOADING') return { code: 'MODULE_PINNED', ...about };
  if (moduleState !== 'LIVE') return { code: 'MODULE_STILL_LOADING', ...about, errno: moduleState === null ? 'EEXIST' : 'EBUSY', detail: stateOf(moduleState) };
  const cannotBeRemoved = host.situation.gates.modulesDisabled === true;
  return { code: 'MODULE_STILL_LOADED', ...about, ...(cannotBeRemoved ? { clearedBy: 'REBOOT' } : {}) };
}

function pushNotALivepatch(reasons: Reason[], load: KnownPatch, host: ResolvedSituation): void {
  // A kernel without livepatch support turns the module away in its loader, with another error number.
  if (!host.situation.capabilities.livepatch)
    reasons.push({ code: 'NOT_A_LIVEPATCH', patch: load.name, errno: 'ENOEXEC', detail: 'the kernel has no livepatch support' });
  else if (load.manifest?.livepatch === false) reasons.push({ code: 'NOT_A_LIVEPATCH', patch: load.name, detail: 'the module lacks livepatch=Y' });
}

/**
 * Says what could still make the kernel refuse this module, and cannot be seen from outside: its symbols, its pre_patch callback, its signature.
 *
 * Machines that ran this build on the same kernel show it, each only for what it did: the objects that it patched, the states over which it was loaded.
 *
 * @param listed the patches on the list when it is loaded, oldest first
 */
export function pushLoaderDoubts(doubts: Reason[], load: KnownPatch, listed: readonly KnownPatch[], host: ResolvedSituation, trust: Trust): void {
  if (load.manifest === null || load.buildId === null) return;
  const seen = countsOn(sightingsOf(trust.catalog, load.buildId), host.kernel, host.kernelText);
  pushSymbols(doubts, load, load.manifest, seen, host, trust.witnesses);
  if (load.callbacks === null || load.callbacks.prePatch) pushPrePatch(doubts, load, listed, seen, trust.witnesses);
  pushSignature(doubts, load, seen, host, trust);
}

const NONE: readonly never[] = [];
const sightingsOf = (catalog: Catalog, buildId: string): readonly LoadSighting[] => catalog.sightings?.(buildId) ?? NONE;

/** A livepatch may load without trouble while a module that it patches is absent, and be refused where that module is there. */
function pushSymbols(doubts: Reason[], load: KnownPatch, manifest: Manifest, seen: Seen, host: ResolvedSituation, witnesses: number): void {
  const detail = whatIsNotSeen(load, manifest, seen, host, witnesses);
  if (detail !== null) doubts.push({ code: 'SYMBOLS_UNVERIFIED', patch: load.name, buildId: load.buildId, detail });
}

function whatIsNotSeen(load: KnownPatch, manifest: Manifest, seen: Seen, { situation }: ResolvedSituation, witnesses: number): string | null {
  if (manifest.kernelRelease !== situation.kernelRelease) return 'it was built for another kernel';
  if (seen.loaded < witnesses)
    return seen.loaded === 0 ? 'no machine showed it on this kernel' : `${seen.loaded} of ${witnesses} machines that are needed showed it on this kernel`;
  if (manifest.functions === null) return 'it is not known which objects it patches';
  if (spellsVmlinux(load)) return "one of its objects is named 'vmlinux' by a string: a module that is never loaded";
  const unseen = objectsIn(manifest.functions).filter((object) => !isSeen(object, manifest, seen, witnesses));
  return unseen.length === 0 ? null : `fewer than ${witnesses} machines showed it patching ${unseen.join(', ')}`;
}

/** The kernel itself is patched wherever the patch is enabled; an object of which it is not known how it is named must have been seen. */
const isSeen = (object: string, { spellsVmlinux: spelled }: Manifest, { objects }: Seen, witnesses: number): boolean =>
  (object === 'vmlinux' && spelled === false) || (objects.get(object) ?? 0) >= witnesses;

/** The callback sees the states of the list over which it is loaded (`klp_get_prev_state()`): it agreed only over the same ones. */
function pushPrePatch(doubts: Reason[], load: KnownPatch, listed: readonly KnownPatch[], seen: Seen, witnesses: number): void {
  const over = canonicalStates(listed);
  if (over !== null && (seen.over.get(over) ?? 0) >= witnesses) return;
  doubts.push({ code: 'PRE_PATCH_MAY_REFUSE', patch: load.name, buildId: load.buildId });
}

/** Many hosts are asked about few targets: what a file patches never changes. */
const objectsOf = new WeakMap<readonly string[], readonly string[]>();

/** Names of the objects of these functions. */
const objectsIn = (functions: readonly string[]): readonly string[] => objectsOf.get(functions) ?? objectsInOnce(functions);

function objectsInOnce(functions: readonly string[]): readonly string[] {
  const objects = [...new Set(functions.map((name) => name.slice(0, name.indexOf(':'))))];
  objectsOf.set(functions, objects);
  return objects;
}
