import { ModuleError } from '../error.js';
import type { Bytes } from './bytes.js';
import { SHT_STRTAB, SHT_SYMTAB, type Section } from './sections.js';
import { textFinder } from './text-finder.js';
import type { WorkBudget } from './work-budget.js';

const ENTRY_SIZE = 24;
const SHN_UNDEF = 0;
const SHN_RESERVED = 0xff00;
const SHN_ABS = 0xfff1;
const SHN_COMMON = 0xfff2;
/** Symbols that livepatch resolves itself, when the patched object is there. */
const SHN_LIVEPATCH = 0xff20;
const STT_OBJECT = 1;
const STT_FUNC = 2;

/** An object of data, or a function, that a symbol names: `size` bytes at `offset` of `section`. */
export interface Extent {
  readonly section: number;
  readonly offset: number;
  readonly size: number;
}

/** The data objects of a section by their starts, and for each how far it and those before it reach. */
interface Objects {
  readonly inOrder: readonly Extent[];
  readonly furthest: Float64Array;
}

/** The symbols of a module, as columns: a large module has hundreds of thousands. */
export class Symbols {
  readonly count: number;
  readonly tableIndex: number;
  /** Index of the section that holds the symbol; 0 where the file does not define it. */
  readonly section: Int32Array;
  /** Offset in that section. */
  readonly value: Float64Array;
  private readonly names: Section;
  private readonly table: Section;
  private readonly sectionCount: number;
  private objects: Map<number, Objects> | null = null;
  private readonly starts = new Map<number, Set<number>>();
  private functions: Map<number, Extent[]> | null = null;

  constructor(
    private readonly bytes: Bytes,
    sections: readonly Section[],
    private readonly budget: WorkBudget,
  ) {
    const tables = sections.filter((section) => section.type === SHT_SYMTAB);
    const table = tables[0];
    if (table === undefined || tables.length !== 1)
      throw new ModuleError('NOT_A_MODULE', `a module has one symbol table, this file has ${tables.length}`);
    const names = sections[table.link];
    if (names?.type !== SHT_STRTAB || table.size % ENTRY_SIZE !== 0)
      throw new ModuleError('MALFORMED', 'the symbol table is broken');
    this.table = table;
    this.sectionCount = sections.length;
    this.tableIndex = table.index;
    this.names = names;
    this.count = table.size / ENTRY_SIZE;
    this.section = new Int32Array(this.count);
    this.value = new Float64Array(this.count);
    for (let symbol = 1; symbol < this.count; symbol++) {
      const at = table.offset + symbol * ENTRY_SIZE;
      this.section[symbol] = definedIn(bytes.u16(at + 6), sections.length);
      this.value[symbol] = bytes.size(at + 8);
    }
  }

  name(symbol: number): string {
    const nameAt = this.bytes.u32(this.at(symbol));
    const name = this.bytes.string(this.names.offset + nameAt, this.names.offset + this.names.size);
    if (name === null) throw new ModuleError('MALFORMED', `the name of symbol ${symbol} does not end`);
    this.budget.consumeText(name);
    return name;
  }

  size(symbol: number): number {
    return this.bytes.size(this.at(symbol) + 16);
  }

  /**
   * Returns the symbols whose name contains this text. Searches the
   * bytes of the string table, because large modules have many names.
   */
  containing(part: string): number[] {
    const names = this.bytes.slice(this.names.offset, this.names.offset + this.names.size);
    const find = textFinder(part);
    const spans: [from: number, to: number][] = [];
    let end = -1;
    for (let match = find(names, 0); match >= 0; match = find(names, match + 1)) {
      if (match < end) {
        spans.at(-1)![1] = match; // once more in the same name
      } else {
        spans.push([names.lastIndexOf(0, match) + 1, match]);
        end = names.indexOf(0, match);
        if (end < 0) break;
      }
    }
    const found: number[] = [];
    if (spans.length === 0) return found;
    for (let symbol = 1; symbol < this.count; symbol++) {
      const nameAt = this.bytes.u32(this.at(symbol));
      if (isWithin(spans, nameAt)) found.push(symbol);
    }
    return found;
  }

  /** Returns true for a symbol that livepatch resolves itself. */
  isLivepatch(symbol: number): boolean {
    return this.bytes.u16(this.at(symbol) + 6) === SHN_LIVEPATCH;
  }

  /** A 1 for each of these symbols. */
  marked(symbols: readonly number[]): Uint8Array {
    const marks = new Uint8Array(this.count);
    for (const symbol of symbols) marks[symbol] = 1;
    return marks;
  }

  /** A 1 for each symbol that is in one of these sections. */
  inSections(sections: readonly Section[]): Uint8Array {
    const wanted = new Uint8Array(this.sectionCount);
    for (const { index } of sections) wanted[index] = 1;
    const marks = new Uint8Array(this.count);
    for (let symbol = 0; symbol < marks.length; symbol++) marks[symbol] = wanted[this.section[symbol]!]!;
    return marks;
  }

  /** Returns the data objects of the section that contain this byte. */
  objectsAt(section: number, offset: number): Extent[] {
    this.objects ??= this.indexObjects();
    const objects = this.objects.get(section);
    if (objects === undefined) return [];
    const { inOrder, furthest } = objects;
    const found: Extent[] = [];
    for (let next = countUpTo(inOrder, offset) - 1; next >= 0 && furthest[next]! > offset; next--) {
      this.budget.consume(1);
      if (offset < inOrder[next]!.offset + inOrder[next]!.size) found.push(inOrder[next]!);
    }
    return found;
  }

  /** Returns true if a data object starts exactly here. */
  startsObject(section: number, offset: number): boolean {
    this.objects ??= this.indexObjects();
    return this.starts.get(section)?.has(offset) === true;
  }

  /** The functions of a section in the order of their places; of several at one place, the longest. */
  functionsIn(section: number): readonly Extent[] {
    this.functions ??= this.indexFunctions();
    return this.functions.get(section) ?? [];
  }

  /** The function that contains this byte, or of several the one that starts last. */
  functionAt(section: number, at: number): Extent | null {
    const functions = this.functionsIn(section);
    const found = functions[countUpTo(functions, at) - 1];
    return found !== undefined && at < found.offset + found.size ? found : null;
  }

  private indexFunctions(): Map<number, Extent[]> {
    const functions = new Map<number, Map<number, Extent>>();
    for (let symbol = 1; symbol < this.count; symbol++) {
      const section = this.section[symbol]!;
      if (section <= 0 || (this.bytes.u8(this.at(symbol) + 4) & 0xf) !== STT_FUNC) continue;
      const extent = { section, offset: this.value[symbol]!, size: this.size(symbol) };
      if (!(extent.size > 0)) continue;
      const others = functions.get(section) ?? new Map<number, Extent>();
      functions.set(section, others);
      if (!((others.get(extent.offset)?.size ?? 0) >= extent.size)) others.set(extent.offset, extent);
    }
    return new Map(
      [...functions].map(([section, extents]) => [
        section,
        [...extents.values()].sort((a, b) => a.offset - b.offset),
      ]),
    );
  }

  private indexObjects(): Map<number, Objects> {
    const bySection = new Map<number, Extent[]>();
    for (let symbol = 1; symbol < this.count; symbol++) {
      const section = this.section[symbol]!;
      if (section <= 0 || (this.bytes.u8(this.at(symbol) + 4) & 0xf) !== STT_OBJECT) continue;
      const extent = { section, offset: this.value[symbol]!, size: this.size(symbol) };
      const others = bySection.get(section);
      if (others === undefined) bySection.set(section, [extent]);
      else others.push(extent);
      const starts = this.starts.get(section) ?? new Set();
      this.starts.set(section, starts.add(extent.offset));
    }
    return new Map([...bySection].map(([section, extents]) => [section, ordered(extents)]));
  }

  private at(symbol: number): number {
    return this.table.offset + symbol * ENTRY_SIZE;
  }
}

function ordered(extents: Extent[]): Objects {
  const inOrder = extents.sort((a, b) => a.offset - b.offset);
  const furthest = new Float64Array(inOrder.length);
  let end = 0;
  inOrder.forEach(({ offset, size }, index) => {
    if (offset + size > end) end = offset + size;
    furthest[index] = end;
  });
  return { inOrder, furthest };
}

/** Returns the number of extents that start at or before this offset. They are sorted by offset. */
function countUpTo(extents: readonly Extent[], offset: number): number {
  let low = 0;
  let high = extents.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (extents[middle]!.offset <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns true if the number is in one of the spans, which are sorted by their ends. */
function isWithin(spans: readonly (readonly [number, number])[], number: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (spans[middle]![1] < number) low = middle + 1;
    else high = middle;
  }
  return low < spans.length && spans[low]![0] <= number;
}

/** The section's index; 0 for a symbol of another file (or absolute), so it never points into this one. */
function definedIn(index: number, sections: number): number {
  if (index < sections) return index;
  if (index === SHN_UNDEF || index === SHN_ABS || index === SHN_COMMON || index === SHN_LIVEPATCH) return 0;
  throw new ModuleError(
    'MALFORMED',
    index >= SHN_RESERVED
      ? 'a symbol uses a reserved section index'
      : 'a symbol is in a section that does not exist',
  );
}
