import { readBytes } from './attribute.js';
import type { Paths } from './paths.js';

/** One line of `/proc/modules`. */
export interface ProcModulesLine {
  readonly name: string;
  readonly refcount: number | null;
  readonly state: ModuleState;
  /** Letters such as `OEK`, without the `+` or `-` of a module that is being loaded or removed. */
  readonly taint: string;
}

export type ModuleState = 'Live' | 'Loading' | 'Going';

// Name, size, references (- without module unloading),
// users, state, an address for some readers, taints if any.
const LINE =
  /^(\S+) (\d+) (\d+|-) (\S+) (Live|Loading|Unloading)(?: (0x[0-9a-f]+|\([a-z_]+\)))?(?: \(([A-Z+-]*)\))?$/;

/**
 * Reads the loaded modules, newest first.
 *
 * @param unread receives a sentence for each invalid line
 * @returns null if `/proc/modules` does not exist
 * @see kernel/module/procfs.c, `m_show()`
 */
export function readProcModules(paths: Paths, unread: string[]): ProcModulesLine[] | null {
  // As bytes: a module's name may be any bytes, and its line must not be lost.
  const text = readBytes(paths.loadedModules, 16 << 20)?.toString('latin1');
  if (text === undefined) return null;
  const loaded: ProcModulesLine[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const found = LINE.exec(line.trimEnd());
    if (found === null) {
      unread.push(`${paths.loadedModules}: line ${index + 1} is not a line of /proc/modules`);
      continue;
    }
    loaded.push({
      name: found[1]!,
      refcount: found[3] === '-' ? null : Number(found[3]),
      state: found[5] === 'Unloading' ? 'Going' : (found[5] as ModuleState),
      taint: (found[7] ?? '').replaceAll(/[+-]/g, ''),
    });
  }
  return loaded;
}
