import { shown, unreadable } from '../failure.js';
import { listFolder } from './attribute.js';
import { isModuleName, readPatchDirectories, type PatchDirectory } from './sys-livepatch.js';
import { readSysModule, readTaint, type LoadedModule } from './sys-module.js';
import { noProblems, orNull, type ReadProblems } from './read-problems.js';
import { readOtherLivePatching } from './other-live-patching.js';
import type { Paths } from './paths.js';
import { readProcModules, type ProcModulesLine } from './proc-modules.js';

/** One reading of the livepatches in the tree. An observation needs two equal ones. */
export interface Sample {
  /**
   * Null: no livepatch support, or no sysfs. Empty also if
   * the list could not be read, which is in `problems`.
   */
  readonly folders: readonly PatchDirectory[] | null;
  /** Modules with taint K, and those of the directories, sorted by name. */
  readonly modules: readonly LoadedModule[];
  /** Names of the livepatch modules in the order of `/proc/modules`. Null if that could not be read. */
  readonly loaded: readonly string[] | null;
  /** Null: no module could be read. */
  readonly otherLivePatching: readonly string[] | null;
  readonly problems: ReadProblems;
  /** What is changing: reasons to read again. */
  readonly instability: readonly string[];
}

/**
 * Returns true if a directory is on the kernel's list: not if `enabled` and `transition` are both 0.
 *
 * Such a directory is about to disappear. With an unreadable attribute it counts as listed.
 */
export const isListed = (folder: PatchDirectory): boolean =>
  folder.enabled !== false || folder.transition !== false;

function orUnread<T>(unread: string[], inItsPlace: T, read: () => T): T {
  const found = orNull(unread, () => ({ value: read() }));
  return found === null ? inItsPlace : found.value;
}

/** Reads the taint of every module in `/sys/module`. Null if that does not exist or cannot be read. */
function readTaints(paths: Paths, { unread }: ReadProblems): Map<string, string | null> | null {
  const folders = orNull(unread, () => listFolder(paths.modules))?.filter((entry) => entry.isDirectory());
  if (folders === undefined) return null;
  return new Map(folders.map(({ name }) => [name, orNull(unread, () => readTaint(paths, name))]));
}

function findInstability(folders: readonly PatchDirectory[], modules: readonly LoadedModule[]): string[] {
  const listed = new Set(folders.filter(isListed).map((folder) => folder.name));
  return [
    ...folders.filter((folder) => !isListed(folder)).map((folder) => `${folder.name} is leaving the list`),
    ...folders
      .filter((folder) => folder.enabled === null)
      .map((folder) => `${folder.name} has no enabled yet, or no longer`),
    ...(folders.filter((folder) => folder.transition === true).length > 1
      ? ['two transitions are open']
      : []),
    ...modules
      .filter(({ moduleState }) => (moduleState ?? 'Live') !== 'Live')
      .map((module) => `${module.name} is being loaded or removed`),
    ...modules
      .filter((module) => !listed.has(module.name) && (module.refcount ?? 0) > 0)
      .map((module) => `${module.name} is pinned, or just being freed`),
  ];
}

/** Notes missing sources. A missing list counts as empty only if its parent directory is there. */
function noteMissing(
  paths: Paths,
  { unread, warnings }: ReadProblems,
  taints: object | null,
  lines: object | null,
): void {
  const sysfs = orNull(unread, () => listFolder(paths.kernelObjects)) !== null;
  if (!sysfs && taints === null && lines === null)
    throw unreadable(
      paths.loadedModules,
      `neither this nor ${paths.kernelObjects} can be read; are procfs and sysfs mounted?`,
    );
  if (!sysfs) unread.push(`${paths.kernelObjects}: does not exist, so the list of livepatches is unknown`);
  if (taints === null && lines === null)
    unread.push(
      `${paths.modules} and ${paths.loadedModules}: neither can be read, so the loaded modules are unknown`,
    );
  else if (taints === null)
    warnings.push(`${paths.modules}: cannot be read; the modules' taint is from ${paths.loadedModules}`);
  else if (lines === null)
    warnings.push(`${paths.loadedModules}: cannot be read; leftovers are from ${paths.modules} only`);
}

function livepatchNames(
  paths: Paths,
  folders: readonly PatchDirectory[],
  tainted: readonly string[],
  unread: string[],
): string[] {
  const names = [...new Set([...folders.map((folder) => folder.name), ...tainted])];
  for (const name of names.filter((one) => !isModuleName(one)))
    unread.push(
      `${paths.modules}: holds a livepatch named ${shown(name)}, which is not a module name; it is left out`,
    );
  return names.filter(isModuleName).sort();
}

/**
 * Reads the livepatches of the tree once.
 *
 * A livepatch module has taint K in `/sys/module` or `/proc/modules`, or is on the list.
 *
 * @throws Vanished; Failure UNREADABLE if neither sysfs nor `/proc/modules` can be read
 */
export function readSample(paths: Paths): Sample {
  const problems = noProblems();
  // An unreadable list is not the same as no livepatch support.
  const folders = orUnread(problems.unread, [], () => readPatchDirectories(paths, problems));
  const lines: ProcModulesLine[] | null = orNull(problems.unread, () =>
    readProcModules(paths, problems.unread),
  );
  const taints = readTaints(paths, problems);
  noteMissing(paths, problems, taints, lines);

  const byName = new Map((lines ?? []).map((line) => [line.name, line]));
  const isLivepatch = (name: string) =>
    `${taints?.get(name) ?? ''}${byName.get(name)?.taint ?? ''}`.includes('K');
  const all = [...new Set([...(taints?.keys() ?? []), ...byName.keys()])];
  const names = livepatchNames(paths, folders ?? [], all.filter(isLivepatch), problems.unread);
  const modules = names.map((name) =>
    readSysModule(paths, name, taints?.get(name) ?? null, byName.get(name), problems.warnings),
  );
  const relevant = new Set(names);
  // Only livepatches: other modules may be loaded and removed between two samples.
  const order = lines?.map((line) => line.name).filter((name) => relevant.has(name)) ?? null;
  const other = taints === null && lines === null ? null : readOtherLivePatching(paths, all);
  return {
    folders,
    modules,
    loaded: order,
    otherLivePatching: other,
    problems,
    instability: findInstability(folders ?? [], modules),
  };
}
