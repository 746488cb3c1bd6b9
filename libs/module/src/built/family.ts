import type { ElfFile } from '../elf/file.js';
import type { Builder } from '../reading.js';

/** Returns the builder whose sections the file has. `TWO` if it has those of both, which no builder makes. */
export function findBuilder(file: ElfFile): Exclude<Builder, 'STATIC' | 'UNKNOWN'> | 'TWO' | null {
  const kpatch = file.sections.some((section) => section.loaded && section.name.startsWith('.kpatch.'));
  const klp = file.sections.some((section) => section.loaded && section.name.startsWith('.init.klp_'));
  if (kpatch && klp) return 'TWO';
  return kpatch ? 'KPATCH_BUILD' : klp ? 'KLP_BUILD' : null;
}
