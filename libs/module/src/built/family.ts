import type { ElfFile } from '../elf/file.js';
import type { Builder } from '../reading.js';

/** Which builder's sections does the file have? Both is `TWO`, which no builder makes. */
export function findBuilder(file: ElfFile): Exclude<Builder, 'STATIC' | 'UNKNOWN'> | 'TWO' | null {
  const kpatch = file.sections.some((section) => section.loaded && section.name.startsWith('.kpatch.'));
  const klp = file.sections.some((section) => section.loaded && section.name.startsWith('.init.klp_'));
  if (kpatch && klp) return 'TWO';
  return kpatch ? 'KPATCH_BUILD' : klp ? 'KLP_BUILD' : null;
}
