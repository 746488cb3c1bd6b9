import { unreadable } from '../failure.js';
import { readBytes } from './attribute.js';
import type { Paths } from './paths.js';

/** One line of `/proc/modules`. */
export interface LoadedLine {
  readonly name: string;
  readonly refcount: number | null;
  /** `Live`, `Loading` or `Unloading`. */
  readonly live: boolean;
  /** Taint K: a livepatch. */
  readonly livepatch: boolean;
}

// name, size, references (- without module unloading), who uses it, state, address, and the taints where there are any
const LINE = /^(\S+) (\d+) (\d+|-) (\S+) (Live|Loading|Unloading) (0x[0-9a-f]+)(?: \(([A-Z+-]*)\))?$/;

/**
 * Which modules are loaded, newest first?
 *
 * @returns null where there is no `/proc/modules`
 * @see kernel/module/procfs.c, `m_show()`
 */
export function readLoaded(paths: Paths): LoadedLine[] | null {
  // byte by byte: a module's name is whatever its maker wrote, and a line must not be lost for it
  const text = readBytes(paths.loadedModules, 16 << 20)?.toString('latin1');
  if (text === undefined) return null;
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const found = LINE.exec(line.trimEnd());
      if (found === null) throw unreadable(paths.loadedModules, `line ${index + 1} is not a line of /proc/modules`);
      return {
        name: found[1]!,
        refcount: found[3] === '-' ? null : Number(found[3]),
        live: found[5] === 'Live',
        livepatch: (found[7] ?? '').includes('K'),
      };
    });
}
