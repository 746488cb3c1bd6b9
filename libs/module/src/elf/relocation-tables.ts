import { ModuleError } from '../error.js';
import type { Bytes } from './bytes.js';
import { ENTRY_SIZE, Relocations } from './relocations.js';
import { SHT_RELA, type Section } from './sections.js';
import type { Symbols } from './symbols.js';

/** A loaded section that has relocations. */
interface Relocated {
  readonly section: Section;
  readonly tables: Section[];
  count: number;
  /** All entries are in one table, sorted by the offset that they relocate. */
  inOrder: boolean;
  relocations: Relocations | null;
}

/** Relocations of one section. `entries` has their indexes in `relocations`. */
export interface Uses {
  readonly section: Section;
  readonly relocations: Relocations;
  readonly entries: readonly number[];
}

/**
 * Finds the relocations that the kernel applies to each loaded section.
 *
 * All RELA sections of a target count, `.klp.rela.*` too, which livepatch applies later.
 * Those of sections that are not loaded (debug data) are left out, as in the kernel.
 */
export class RelocationTables {
  private readonly relocated: Relocated[] = [];
  /** For each section, its index in `relocated` plus one; 0 if it has no relocations. */
  private readonly bySection: Int32Array;
  /** The symbol index of every relocation, in the order of `relocated` and of the file. */
  private readonly symbolIndexes: Uint16Array | Uint32Array;

  /** @throws ModuleError if any relocation is malformed, also one that is never read. */
  constructor(
    private readonly bytes: Bytes,
    sections: readonly Section[],
    private readonly symbols: Symbols,
  ) {
    this.bySection = new Int32Array(sections.length);
    let count = 0;
    for (const table of sections) {
      if (table.type !== SHT_RELA) continue;
      const section = sections[table.info];
      if (section?.loaded !== true) continue;
      if (table.link !== symbols.tableIndex || table.size % ENTRY_SIZE !== 0)
        throw malformed(`relocation section ${table.index} is broken`);
      count += table.size / ENTRY_SIZE;
      this.add(section, table);
    }
    this.symbolIndexes = symbols.count <= 0x10000 ? new Uint16Array(count) : new Uint32Array(count);
    let next = 0;
    for (const relocated of this.relocated)
      for (const table of relocated.tables) next = this.check(relocated, table, next);
  }

  of(section: Section): Relocations | null {
    const relocated = this.relocated[this.bySection[section.index]! - 1];
    if (relocated === undefined) return null;
    relocated.relocations ??= this.read(relocated);
    return relocated.relocations;
  }

  /**
   * Returns the relocations with one of these symbols, by section.
   * `chosen` has a 1 at the index of each of these symbols. Sections without such relocations are left out.
   */
  *uses(chosen: Uint8Array): Generator<Uses> {
    const { symbolIndexes } = this;
    let first = 0;
    for (const relocated of this.relocated) {
      const end = first + relocated.count;
      let entries: number[] | null = null;
      for (let next = first; next < end; next++)
        if (chosen[symbolIndexes[next]!] === 1) (entries ??= []).push(next - first);
      if (entries !== null) {
        const relocations = this.of(relocated.section)!;
        // `relocations` is sorted by offset, so that its indexes are not those of the file
        if (!relocated.inOrder)
          entries = Array.from({ length: relocated.count }, (_, entry) => entry).filter(
            (entry) => chosen[relocations.symbol(entry)] === 1,
          );
        yield { section: relocated.section, relocations, entries };
      }
      first = end;
    }
  }

  private add(section: Section, table: Section): void {
    const known = this.relocated[this.bySection[section.index]! - 1];
    if (known === undefined) {
      this.bySection[section.index] = this.relocated.push({
        section,
        tables: [table],
        count: table.size / ENTRY_SIZE,
        inOrder: true,
        relocations: null,
      });
    } else {
      known.tables.push(table);
      known.count += table.size / ENTRY_SIZE;
      known.inOrder = false;
    }
  }

  private check(relocated: Relocated, table: Section, first: number): number {
    const { bytes, symbolIndexes } = this;
    const { view, little } = bytes;
    const { count, section, value } = this.symbols;
    const { index, size } = relocated.section;
    const low = little ? 0 : 4;
    const high = 4 - low;
    const symbolIn = little ? 12 : 8;
    const end = table.offset + table.size;
    let next = first;
    let last = 0;
    // this loop runs for every relocation of a module: it reads 32-bit halves, because 64-bit reads allocate
    // a bigint each, and nearly all upper halves are 0
    for (let place = table.offset; place < end; place += ENTRY_SIZE) {
      const at =
        view.getUint32(place + high, little) === 0 ? view.getUint32(place + low, little) : bytes.size(place);
      if (!(at < size)) throw malformed(`a relocation lies outside of section ${index}`);
      if (at < last) relocated.inOrder = false;
      last = at;
      const symbol = view.getUint32(place + symbolIn, little);
      if (symbol >= count) throw malformed('a relocation names a symbol that does not exist');
      if (section[symbol] !== 0) {
        const sign = view.getInt32(place + 16 + high, little);
        const isNear = (sign === 0 || sign === -1) && value[symbol]! < 2 ** 52;
        if (!isNear && !Number.isSafeInteger(value[symbol]! + bytes.signed(place + 16)))
          throw malformed('a relocation points out of any memory');
      }
      symbolIndexes[next++] = symbol;
    }
    return next;
  }

  private read({ tables, count, inOrder }: Relocated): Relocations {
    const { bytes, symbols } = this;
    if (inOrder) return new Relocations(bytes, symbols, count, tables[0]!.offset);
    const places = new Float64Array(count);
    let next = 0;
    for (const table of tables)
      for (let place = table.offset; place < table.offset + table.size; place += ENTRY_SIZE)
        places[next++] = place;
    return new Relocations(
      bytes,
      symbols,
      count,
      places.sort((a, b) => bytes.size(a) - bytes.size(b)),
    );
  }
}

function malformed(message: string): ModuleError {
  return new ModuleError('MALFORMED', message);
}
