import { ModuleError } from '../error.js';
import type { Bytes } from './bytes.js';
import { SHT_RELA, type Section } from './sections.js';
import type { Symbols } from './symbols.js';

const ENTRY_SIZE = 24;

/** The relocations of one section as columns, sorted by place. Where they point: `toSection` 0 is outside of the file. */
export interface Relocations {
  readonly count: number;
  /** Offset in the relocated section. */
  readonly at: Float64Array;
  readonly type: Uint32Array;
  readonly symbol: Uint32Array;
  readonly toSection: Int32Array;
  /** Symbol value plus addend: an offset in `toSection`, not corrected for PC-relative forms. NaN where absurd. */
  readonly to: Float64Array;
  /** Raw addend; NaN where absurd. */
  readonly addend: Float64Array;
}

/**
 * Which relocations does the kernel apply to each loaded section?
 *
 * All RELA sections of a target count, `.klp.rela.*` too, which livepatch applies later. Those of sections that are not loaded (debug data) are left out, as in the kernel.
 */
export function readRelocations(bytes: Bytes, sections: readonly Section[], symbols: Symbols): Map<number, Relocations> {
  const tables = new Map<number, Section[]>();
  for (const table of sections) {
    if (table.type !== SHT_RELA || sections[table.info]?.loaded !== true) continue;
    if (table.link !== symbols.tableIndex || table.size % ENTRY_SIZE !== 0) throw new ModuleError('MALFORMED', `relocation section ${table.index} is broken`);
    tables.set(table.info, [...(tables.get(table.info) ?? []), table]);
  }
  return new Map([...tables].map(([target, parts]) => [target, readTables(bytes, parts, sections[target]!, symbols)]));
}

function readTables(bytes: Bytes, tables: readonly Section[], target: Section, symbols: Symbols): Relocations {
  const places = sortedPlaces(bytes, tables);
  const relocations = emptyRelocations(places.length);
  for (let entry = 0; entry < places.length; entry++) {
    const place = places[entry]!;
    const at = bytes.size(place);
    if (!(at < target.size)) throw new ModuleError('MALFORMED', `a relocation lies outside of section ${target.index}`);
    // r_info: the symbol is the high word, the type the low one
    const symbol = bytes.u32(place + (bytes.little ? 12 : 8));
    if (symbol >= symbols.count) throw new ModuleError('MALFORMED', 'a relocation names a symbol that does not exist');
    const addend = bytes.signed(place + 16);
    const to = symbols.value[symbol]! + addend;
    if (symbols.section[symbol] !== 0 && !Number.isSafeInteger(to)) throw new ModuleError('MALFORMED', 'a relocation points out of any memory');
    relocations.at[entry] = at;
    relocations.type[entry] = bytes.u32(place + (bytes.little ? 8 : 12));
    relocations.symbol[entry] = symbol;
    relocations.toSection[entry] = symbols.section[symbol]!;
    relocations.to[entry] = to;
    relocations.addend[entry] = addend;
  }
  return relocations;
}

/** Where the entries of all tables are in the file, in the order of the places that they relocate. */
function sortedPlaces(bytes: Bytes, tables: readonly Section[]): Float64Array {
  const places = new Float64Array(tables.reduce((sum, table) => sum + table.size / ENTRY_SIZE, 0));
  let count = 0;
  let last = 0;
  let isSorted = true;
  for (const table of tables) {
    for (let place = table.offset; place < table.offset + table.size; place += ENTRY_SIZE) {
      const at = bytes.size(place);
      if (Number.isNaN(at)) throw new ModuleError('MALFORMED', 'a relocation has an absurd place');
      isSorted &&= at >= last;
      last = at;
      places[count++] = place;
    }
  }
  return isSorted ? places : places.sort((a, b) => bytes.size(a) - bytes.size(b));
}

function emptyRelocations(count: number): Relocations {
  return {
    count,
    at: new Float64Array(count),
    type: new Uint32Array(count),
    symbol: new Uint32Array(count),
    toSection: new Int32Array(count),
    to: new Float64Array(count),
    addend: new Float64Array(count),
  };
}

/** Which is the first relocation at `offset` or behind it? Equals `count` where there is none. */
export function firstAt(relocations: Relocations, offset: number): number {
  let low = 0;
  let high = relocations.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (relocations.at[middle]! < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
