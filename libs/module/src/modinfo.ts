import type { ElfFile } from './elf/file.js';
import { ModuleError } from './error.js';

/**
 * Parses the `key=value` strings of `.modinfo`.
 *
 * Mirrors `get_next_modinfo()`: strings end with NUL, runs
 * of NULs are skipped. A key may occur more than once.
 */
export function readModinfo(file: ElfFile): Record<string, string[]> {
  const section = file.section('.modinfo');
  if (section === null) throw new ModuleError('NOT_A_MODULE', 'there is no .modinfo section');
  const text = new TextDecoder().decode(file.contents(section));
  // no prototype: a key may be named __proto__
  const modinfo: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const entry of text.split('\0')) {
    const equals = entry.indexOf('=');
    if (equals > 0) (modinfo[entry.slice(0, equals)] ??= []).push(entry.slice(equals + 1));
  }
  return modinfo;
}
