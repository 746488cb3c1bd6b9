import type { Course } from './course.js';
import type { Manifest } from './manifest.js';
import type { KnownPatch, Scene } from './recognise.js';
import { loadedName } from './patch.js';
import type { Reason } from './reasons.js';
import type { Catalog } from './situation.js';

/**
 * Why would the module loader not take this module, before livepatch code ever sees it?
 *
 * Mirrors the gates of `load_module()` and the first of `klp_enable_patch()`: vermagic, a name that is loaded, `is_livepatch_module()`.
 */
export function pushLoaderRefusals(reasons: Reason[], load: KnownPatch, course: Course, scene: Scene): void {
  if (load.manifest === null) return;
  pushBuiltForAnother(reasons, load, load.manifest, scene);
  pushNameCollisions(reasons, load, course, scene);
  pushNotALivepatch(reasons, load, scene);
}

function pushBuiltForAnother(reasons: Reason[], load: KnownPatch, manifest: Manifest, scene: Scene): void {
  const { kernelRelease, arch } = scene.situation;
  if (manifest.kernelRelease === kernelRelease && manifest.arch === arch) return;
  const facts = {
    patch: load.name,
    buildId: load.buildId,
    detail: `built for ${manifest.kernelRelease} ${manifest.arch}, the host runs ${kernelRelease} ${arch}`,
  };
  reasons.push({ code: 'TARGET_NOT_BUILT_FOR_KERNEL', ...facts });
  // With symbol versions the loader leaves the release out of the comparison; whether their checksums agree, no one can tell from here.
  if (manifest.modversions && manifest.arch === arch) reasons.push({ code: 'TARGET_BUILT_FOR_OTHER_KERNEL', ...facts });
}

/** Is a module of that name loaded? The kernel compares names alone, whatever is in the file. */
function pushNameCollisions(reasons: Reason[], load: KnownPatch, course: Course, scene: Scene): void {
  const { leftovers } = scene.situation;
  const held = (): boolean => leftovers.some((module) => (module.referenced || module.pinned) && loadedName(module.name) === load.name);
  if (course.removed.length > 0 && course.removed.includes(load.name) && !held()) return;
  for (const patch of scene.list) {
    if (patch.name !== load.name) continue;
    const taken: Reason = { code: 'MODULE_NAME_TAKEN', patch: patch.name, buildId: patch.buildId };
    // The target itself, on its way in: once its transition is complete there is nothing to load.
    reasons.push(patch.buildId === load.buildId && patch.transition && patch.enabled ? { ...taken, clearedBy: 'TIME' } : taken);
  }
  for (const module of leftovers)
    if (loadedName(module.name) === load.name)
      reasons.push({ code: module.pinned ? 'MODULE_PINNED' : 'MODULE_STILL_LOADED', patch: load.name, buildId: module.buildId });
}

function pushNotALivepatch(reasons: Reason[], load: KnownPatch, scene: Scene): void {
  // A kernel without livepatch support turns the module away in its loader, with another error number.
  if (!scene.situation.capabilities.livepatch)
    reasons.push({ code: 'NOT_A_LIVEPATCH', patch: load.name, errno: 'ENOEXEC', detail: 'the kernel has no livepatch support' });
  else if (load.manifest?.livepatch === false) reasons.push({ code: 'NOT_A_LIVEPATCH', patch: load.name, detail: 'the module lacks livepatch=Y' });
}

/**
 * What could still make the kernel refuse this module, and cannot be seen from outside?
 *
 * Symbols, the module's own pre_patch callback, its signature. All three are settled once this build has been on the list of a host with
 * exactly this kernel; the symbols of a module that it patches, once it has patched that module there.
 */
export function pushLoaderDoubts(doubts: Reason[], load: KnownPatch, scene: Scene, catalog: Catalog): void {
  const { kernelVersion, kernelRelease, capabilities } = scene.situation;
  if (load.manifest === null || load.buildId === null) return;
  if (load.manifest.kernelRelease === kernelRelease && catalog.hasLoaded(load.buildId, kernelVersion)) {
    pushUnseenObjects(doubts, load, load.buildId, kernelVersion, catalog);
    return;
  }
  doubts.push({ code: 'SYMBOLS_UNVERIFIED', patch: load.name, buildId: load.buildId });
  if (load.callbacks === null || load.callbacks.prePatch) doubts.push({ code: 'PRE_PATCH_MAY_REFUSE', patch: load.name, buildId: load.buildId });
  const unlocked = capabilities.lockdown === 'none' && capabilities.signatureEnforced === false;
  if (!unlocked) doubts.push({ code: 'SIGNATURE_UNVERIFIED', patch: load.name, buildId: load.buildId });
}

/** A livepatch may load without trouble while a module that it patches is absent, and be refused where that module is there. */
function pushUnseenObjects(doubts: Reason[], load: KnownPatch, buildId: string, kernelVersion: string, catalog: Catalog): void {
  const functions = load.manifest?.functions ?? null;
  if (functions === null) {
    doubts.push({ code: 'SYMBOLS_UNVERIFIED', patch: load.name, buildId, detail: 'no one knows which objects it patches' });
    return;
  }
  const modules = modulesIn(functions);
  if (modules.length === 0) return;
  const unseen = modules.filter((object) => catalog.hasPatched?.(buildId, kernelVersion, object) !== true);
  if (unseen.length > 0) doubts.push({ code: 'SYMBOLS_UNVERIFIED', patch: load.name, buildId, detail: `it was not yet seen patching ${unseen.join(', ')}` });
}

/** Many hosts are asked about few targets: what a file patches never changes. */
const modulesOf = new WeakMap<readonly string[], readonly string[]>();

/** Of which modules are these functions, the kernel itself aside? */
const modulesIn = (functions: readonly string[]): readonly string[] => modulesOf.get(functions) ?? modulesInOnce(functions);

function modulesInOnce(functions: readonly string[]): readonly string[] {
  const inModules = functions.filter((name) => !name.startsWith('vmlinux:'));
  const modules = [...new Set(inModules.map((name) => name.slice(0, name.indexOf(':'))))];
  modulesOf.set(functions, modules);
  return modules;
}
