import type { Report } from '@klpreg/wire';
import { monotonicMs, wallClock } from './clock.js';
import { Failure, unreadable } from './failure.js';
import { readNumber } from './read/attribute.js';
import { readBootPersistence } from './read/boot.js';
import { readCapabilities, unlessForbidden } from './read/capabilities.js';
import { declaredBy } from './read/declared.js';
import { findModules, type ModuleFile } from './read/files.js';
import { readHost, readRelease } from './read/host.js';
import type { PatchFolder } from './read/livepatch.js';
import type { LoadedModule } from './read/module.js';
import { listOrder } from './read/order.js';
import { counts, look } from './read/pass.js';
import { pathsOf } from './read/paths.js';
import { settle } from './read/settle.js';
import { readTasks } from './read/tasks.js';
import type { Settings } from './settings.js';

/** What was seen, and when. Everything of a report but who sends it and which number it has. */
export interface Observation {
  readonly wall: string;
  readonly observedMs: number;
  readonly host: Report['host'];
  readonly capabilities: Report['capabilities'];
  readonly taint: number | null;
  readonly livepatches: Report['livepatches'];
  readonly leftovers: Report['leftovers'];
  readonly bootPersistence: Report['bootPersistence'];
  readonly transition: (Omit<NonNullable<Report['transition']>, 'since'> & { readonly target: 0 | 1 }) | null;
}

type Loaded = LoadedModule & { readonly reading: Report['leftovers'][number]['reading'] };

function tellLivepatch(folder: PatchFolder, module: Loaded): Report['livepatches'][number] {
  const { name, enabled, transition, replace, stackOrder, objects } = folder;
  return {
    name,
    buildId: module.buildId,
    srcversion: module.srcversion,
    enabled,
    transition,
    replace,
    stackOrder,
    refcount: module.refcount,
    objects: objects.map((object) => ({ ...object, functions: [...object.functions] })),
    reading: module.reading,
  };
}

/**
 * What does this host run?
 *
 * Reads everything first and decides then. Nothing is written anywhere.
 *
 * @param instance the registry's id of the host
 * @param warn is told what could not be read and what was taken in its place
 * @throws Failure UNREADABLE naming the path
 */
export async function observe(settings: Settings, instance: string, warn: (text: string) => void): Promise<Observation> {
  const paths = pathsOf(settings.roots);
  const release = readRelease(paths, settings);
  const { folders, modules, loaded } = await settle(() => look(paths));
  const [wall, observedMs] = [wallClock(), monotonicMs()];

  const listed = listOrder(paths, (folders ?? []).filter(counts), loaded);
  const open = listed.filter((folder) => folder.transition);
  if (open.length > 1)
    throw unreadable(paths.livepatches, `two transitions are open (${open.map(({ name }) => name).join(', ')}), and a kernel has at most one`);
  const transition = open[0] === undefined ? null : { patch: open[0].name, target: open[0].enabled ? (1 as const) : (0 as const) };

  const wanted = new Map(modules.flatMap((module) => (module.buildId === null ? [] : [[module.buildId, module.name] as const])));
  const files = await findModules(wanted, [...settings.modules, ...paths.moduleFolders(release)], warn);
  const withReading = (module: LoadedModule): Loaded => ({
    ...module,
    reading: declaredBy(files.filter((file: ModuleFile) => file.buildId === module.buildId)),
  });
  const known = new Map(modules.map((module) => [module.name, withReading(module)]));

  const host = readHost(paths, settings, instance, files.find((file) => file.reading !== null)?.reading?.arch ?? null, warn);
  if (loaded === null && folders !== null) warn(`${paths.loadedModules}: is not there; leftovers were looked for in ${paths.modules} alone`);
  return {
    wall,
    observedMs,
    host,
    capabilities: readCapabilities(paths, folders, warn),
    taint: unlessForbidden(() => readNumber(paths.tainted, 0, 2 ** 48), warn),
    livepatches: listed.map((folder) => tellLivepatch(folder, known.get(folder.name)!)),
    leftovers: leftoversOf([...known.values()], listed),
    bootPersistence: await readBootPersistence(paths, release),
    transition: transition === null ? null : { ...transition, ...readTasks(paths, transition.target) },
  };
}

/** Livepatch modules that are loaded and no longer on the list, by name. */
function leftoversOf(modules: readonly Loaded[], listed: readonly PatchFolder[]): Report['leftovers'] {
  const names = new Set(listed.map(({ name }) => name));
  const leftovers = modules.filter(({ name }) => !names.has(name));
  if (leftovers.length > 500)
    throw new Failure('UNREADABLE', `${leftovers.length} livepatch modules are loaded and not listed, and a report holds at most 500`);
  return leftovers;
}
