import type { ElfFile, Place } from '../elf/file.js';
import type { Section } from '../elf/sections.js';

/** Sections that the loader reads and drops, or that have their own meaning: no structure of the author lies in them. */
const NOT_DATA = new Set(['__param', '.modinfo', '__versions', '__version_ext_crcs', '__version_ext_names', '.gnu.linkonce.this_module']);
/** Freed after init, or copied for each processor: what the file shows is not what the kernel compares later. */
const NOT_KEPT = /^\.(init|exit|data\.\.percpu)/;

/** Is this data that stays in memory while the module is loaded? */
export function isKept(section: Section): boolean {
  return section.loaded && !section.executable && !NOT_DATA.has(section.name) && !NOT_KEPT.test(section.name);
}

/** Is this data of the author that may be written? `.bss`, `.data*`, `__ro_after_init`, `__read_mostly` and named sections. */
export function isWritableData(section: Section): boolean {
  return isKept(section) && section.writable;
}

/** Bytes of one section that belong together: `to` is the first byte behind them. */
export interface Range {
  readonly section: Section;
  readonly from: number;
  readonly to: number;
}

/** The given range, widened to every data object of the symbol table that contains its first byte. */
export function widened(file: ElfFile, { section, offset }: Place, size: number): Range {
  let from = offset;
  let to = offset + size;
  file.spend(file.symbols.objectCount(section.index) / 100);
  for (const object of file.symbols.objectsAt(section.index, offset)) {
    from = Math.min(from, object.offset);
    to = Math.max(to, object.offset + object.size);
  }
  return { section, from, to };
}
