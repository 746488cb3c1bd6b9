import { listFolder } from './attribute.js';
import type { Paths } from './paths.js';

const MODULE = /^(?:kpatch|kcare|ksplice|ksplice_.+)$/;
const MAX_COUNT = 50;

/**
 * Returns the signs of other live patching systems, sorted.
 *
 * @param modules names of all loaded modules
 * @see kpatch's own core module (before the kernel had livepatch), kGraft, KernelCare, Ksplice
 */
export function readOtherLivePatching(paths: Paths, modules: readonly string[]): string[] {
  const folders = [
    [paths.kpatchCore, '/sys/kernel/kpatch'],
    [paths.kgraftCore, '/sys/kernel/kgraft'],
  ] as const;
  const there = folders.filter(([path]) => listFolder(path) !== null).map(([, shown]) => shown);
  const named = modules.filter((name) => MODULE.test(name)).map((name) => `module ${name}`.slice(0, 128));
  return [...new Set([...there, ...named])].sort().slice(0, MAX_COUNT);
}
