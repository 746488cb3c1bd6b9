import { shown, unreadable } from '../failure.js';
import { listFolder, readAttribute } from './attribute.js';
import { isModuleName, readPatchFolders, type PatchFolder } from './livepatch.js';
import { readLoaded, type LoadedLine } from './loaded.js';
import { readModule, type LoadedModule } from './module.js';
import type { Paths } from './paths.js';

/** What one look at the tree saw. Two equal ones make an observation. */
export interface Pass {
  /** Null: no livepatch support. */
  readonly folders: readonly PatchFolder[] | null;
  /** Modules with taint K, and those of the folders; sorted by name. */
  readonly modules: readonly LoadedModule[];
  /** Names of the livepatch modules in the order of `/proc/modules`; null where there is none. */
  readonly loaded: readonly string[] | null;
  /** Why it would be wise to look again: something is coming or going. */
  readonly unsettled: readonly string[];
}

/** A directory counts while `enabled` or `transition` is 1. With both 0 it is off the list and about to vanish. */
export const counts = (folder: PatchFolder): boolean => folder.enabled || folder.transition;

function taintedModules(paths: Paths): string[] {
  const folders = listFolder(paths.modules)?.filter((entry) => entry.isDirectory()) ?? [];
  return folders
    .map((entry) => entry.name)
    .filter((name) => readAttribute(paths.taintOf(name), /^[A-Z+-]{0,64}$/, 'letters of taints')?.includes('K') ?? false);
}

function unrest(folders: readonly PatchFolder[], modules: readonly LoadedModule[], loaded: readonly LoadedLine[] | null): string[] {
  const listed = new Set(folders.filter(counts).map((folder) => folder.name));
  return [
    ...folders.filter((folder) => !counts(folder)).map((folder) => `${folder.name} is leaving the list`),
    ...(folders.filter((folder) => folder.transition).length > 1 ? ['two transitions are open'] : []),
    ...(loaded ?? []).filter((line) => line.livepatch && !line.live).map((line) => `${line.name} is being loaded or removed`),
    ...modules.filter((module) => !listed.has(module.name) && (module.refcount ?? 0) > 0).map((module) => `${module.name} is pinned, or just being freed`),
  ];
}

/**
 * What does the tree say of livepatches, in one look?
 *
 * A livepatch module is one with taint K in `/sys/module` or `/proc/modules`, or one that is on the list.
 *
 * @throws Vanished, Forbidden, Failure UNREADABLE
 */
export function look(paths: Paths): Pass {
  const folders = readPatchFolders(paths);
  const lines = readLoaded(paths);
  const livepatches = lines?.filter((line) => line.livepatch) ?? [];
  const names = new Set([...(folders ?? []).map((folder) => folder.name), ...taintedModules(paths), ...livepatches.map((line) => line.name)]);
  const strange = [...names].find((name) => !isModuleName(name));
  if (strange !== undefined) throw unreadable(paths.modules, `holds a livepatch named ${shown(strange)}, which is not a module's name`);

  const modules = [...names].sort().map((name) => {
    const module = readModule(paths, name);
    return { ...module, refcount: module.refcount ?? lines?.find((line) => line.name === name)?.refcount ?? null };
  });
  const listed = new Set((folders ?? []).map((folder) => folder.name));
  // only the order of livepatches: other modules come and go without a meaning for us
  const order = lines?.filter((line) => line.livepatch || listed.has(line.name)).map((line) => line.name) ?? null;
  return { folders, modules, loaded: order, unsettled: unrest(folders ?? [], modules, lines) };
}
