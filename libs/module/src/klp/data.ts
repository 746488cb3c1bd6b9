import type { ElfFile, Place } from '../elf/file.js';
import type { Section } from '../elf/sections.js';

/**
 * Sections that the loader reads and drops, or that have
 * their own meaning: no structure of the author lies in them.
 */
const NOT_DATA = new Set([
  '__param',
  '.modinfo',
  '__versions',
  '__version_ext_crcs',
  '__version_ext_names',
  '.gnu.linkonce.this_module',
]);
/**
 * Freed after init, or copied for each processor: what the file shows is not what the kernel compares later.
 */
const NOT_KEPT = /^\.(init|exit|data\.\.percpu)/;

/** Returns true for data that stays in memory while the module is loaded. */
export function isKept(section: Section): boolean {
  return section.loaded && !section.executable && !NOT_DATA.has(section.name) && !NOT_KEPT.test(section.name);
}

/**
 * Returns true for writable data of the author: `.bss`, `.data*`,
 * `__ro_after_init`, `__read_mostly` and named sections.
 */
export function isWritableData(section: Section): boolean {
  return isKept(section) && section.writable;
}

/** Bytes of one section that belong together: `to` is the first byte behind them. */
export interface Range {
  readonly section: Section;
  readonly from: number;
  readonly to: number;
}

/** Extends a range to all data objects of the symbol table that contain its first byte. */
export function enclosingObject(file: ElfFile, { section, offset }: Place, size: number): Range {
  let from = offset;
  let to = offset + size;
  for (const object of file.symbols.objectsAt(section.index, offset)) {
    from = Math.min(from, object.offset);
    to = Math.max(to, object.offset + object.size);
  }
  return { section, from, to };
}

/** An index of ranges for fast lookups. */
export class RangeIndex {
  /**
   * Of each section: its ranges by their starts, one for
   * each start, and how far each and those before it reach.
   */
  private readonly bySection = new Map<
    number,
    { readonly ranges: readonly Range[]; readonly furthest: readonly number[] }
  >();

  constructor(ranges: readonly Range[]) {
    const sections = new Map<number, Map<number, Range>>();
    for (const range of ranges) {
      const starts = sections.get(range.section.index) ?? new Map<number, Range>();
      sections.set(range.section.index, starts);
      if ((starts.get(range.from)?.to ?? -1) < range.to) starts.set(range.from, range);
    }
    for (const [section, starts] of sections) {
      const inOrder = [...starts.values()].sort((a, b) => a.from - b.from);
      let end = 0;
      this.bySection.set(section, {
        ranges: inOrder,
        furthest: inOrder.map(({ to }) => (end = Math.max(end, to))),
      });
    }
  }

  has(section: number): boolean {
    return this.bySection.has(section);
  }

  /** Returns true if this byte is in one of the ranges. */
  contains(section: number, at: number): boolean {
    const known = this.bySection.get(section);
    return known !== undefined && (known.furthest[firstBehind(known.ranges, at) - 1] ?? 0) > at;
  }

  /** Those that start behind this byte, at most `distance` bytes from it. */
  startingWithin(section: number, at: number, distance: number): readonly Range[] {
    const ranges = this.bySection.get(section)?.ranges ?? [];
    const first = firstBehind(ranges, at);
    let end = first;
    while (end < ranges.length && ranges[end]!.from <= at + distance) end++;
    return ranges.slice(first, end);
  }
}

function firstBehind(ranges: readonly Range[], at: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.from <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
