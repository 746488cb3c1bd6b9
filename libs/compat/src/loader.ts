import type { Course } from './course.js';
import type { KnownPatch, Scene } from './recognise.js';
import { loadedName } from './patch.js';
import type { Reason } from './reasons.js';
import type { Catalog } from './situation.js';

/**
 * Why would the module loader not take this module, before livepatch code ever sees it?
 *
 * Mirrors the gates of `load_module()` and the first of `klp_enable_patch()`: vermagic, a name that is loaded, `is_livepatch_module()`.
 */
export function findLoaderRefusals(course: Course, scene: Scene): Reason[] {
  const { load } = course;
  if (load?.manifest == null) return [];
  const reasons = builtForAnother(load, scene);
  pushNameCollisions(reasons, load, course, scene);
  reasons.push(...notALivepatch(load, scene));
  return reasons;
}

function builtForAnother(load: KnownPatch, scene: Scene): Reason[] {
  const { manifest } = load;
  const { kernelRelease, arch } = scene.situation;
  if (manifest === null || (manifest.kernelRelease === kernelRelease && manifest.arch === arch)) return [];
  const facts = {
    patch: load.name,
    buildId: load.buildId,
    detail: `built for ${manifest.kernelRelease} ${manifest.arch}, the host runs ${kernelRelease} ${arch}`,
  };
  const refused: Reason = { code: 'TARGET_NOT_BUILT_FOR_KERNEL', ...facts };
  // With symbol versions the loader leaves the release out of the comparison; whether their checksums agree, no one can tell from here.
  return manifest.modversions && manifest.arch === arch ? [refused, { code: 'TARGET_BUILT_FOR_OTHER_KERNEL', ...facts }] : [refused];
}

/** Is a module of that name loaded? The kernel compares names alone, whatever is in the file. */
function pushNameCollisions(reasons: Reason[], load: KnownPatch, course: Course, scene: Scene): void {
  const { leftovers } = scene.situation;
  const held = leftovers.some((module) => (module.referenced || module.pinned) && loadedName(module.name) === load.name);
  if (course.removed.includes(load.name) && !held) return;
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

function notALivepatch(load: KnownPatch, scene: Scene): Reason[] {
  // A kernel without livepatch support turns the module away in its loader, with another error number.
  if (!scene.situation.capabilities.livepatch)
    return [{ code: 'NOT_A_LIVEPATCH', patch: load.name, errno: 'ENOEXEC', detail: 'the kernel has no livepatch support' }];
  return load.manifest?.livepatch === false ? [{ code: 'NOT_A_LIVEPATCH', patch: load.name, detail: 'the module lacks livepatch=Y' }] : [];
}

/**
 * What could still make the kernel refuse this module, and cannot be seen from outside?
 *
 * Symbols, the module's own pre_patch callback, its signature. All three are settled once this build has been on the list of a host with
 * exactly this kernel; the symbols of a module that it patches, once it has patched that module there.
 */
export function findLoaderDoubts(load: KnownPatch, scene: Scene, catalog: Catalog): Reason[] {
  const { kernelVersion, kernelRelease, capabilities } = scene.situation;
  if (load.manifest === null || load.buildId === null) return [];
  if (load.manifest.kernelRelease === kernelRelease && catalog.hasLoaded(load.buildId, kernelVersion))
    return findUnseenObjects(load, load.buildId, kernelVersion, catalog);
  const doubts: Reason[] = [{ code: 'SYMBOLS_UNVERIFIED', patch: load.name, buildId: load.buildId }];
  if (load.callbacks === null || load.callbacks.prePatch) doubts.push({ code: 'PRE_PATCH_MAY_REFUSE', patch: load.name, buildId: load.buildId });
  const unlocked = capabilities.lockdown === 'none' && capabilities.signatureEnforced === false;
  if (!unlocked) doubts.push({ code: 'SIGNATURE_UNVERIFIED', patch: load.name, buildId: load.buildId });
  return doubts;
}

/** A livepatch may load without trouble while a module that it patches is absent, and be refused where that module is there. */
function findUnseenObjects(load: KnownPatch, buildId: string, kernelVersion: string, catalog: Catalog): Reason[] {
  const functions = load.manifest?.functions ?? null;
  if (functions === null) return [{ code: 'SYMBOLS_UNVERIFIED', patch: load.name, buildId, detail: 'no one knows which objects it patches' }];
  const inModules = functions.filter((name) => !name.startsWith('vmlinux:'));
  if (inModules.length === 0) return [];
  const objects = new Set(inModules.map((name) => name.slice(0, name.indexOf(':'))));
  const unseen = [...objects].filter((object) => catalog.hasPatched?.(buildId, kernelVersion, object) !== true);
  return unseen.length === 0 ? [] : [{ code: 'SYMBOLS_UNVERIFIED', patch: load.name, buildId, detail: `it was not yet seen patching ${unseen.join(', ')}` }];
}
