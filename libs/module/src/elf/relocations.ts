import type { Bytes } from './bytes.js';
import type { Symbols } from './symbols.js';

/** In bytes, of one relocation in the file. */
export const ENTRY_SIZE = 24;

/**
 * The relocations of one section, in the order of the places that they relocate.
 *
 * A large module has hundreds of thousands, and few are of interest: each is read from
 * the file when it is asked for. Of an entry that does not exist everything is NaN.
 */
export class Relocations {
  private column: Float64Array | null = null;

  constructor(
    private readonly bytes: Bytes,
    private readonly symbols: Symbols,
    readonly count: number,
    /** Where the entries are in the file: one behind the other from here, or each at its place. */
    private readonly places: number | Float64Array,
  ) {}

  /** Offset in the relocated section. */
  at(entry: number): number {
    return this.has(entry) ? this.bytes.size(this.place(entry)) : Number.NaN;
  }

  /** All of them, for those who search. */
  get offsets(): Float64Array {
    if (this.column === null) {
      this.column = new Float64Array(this.count);
      for (let entry = 0; entry < this.count; entry++) this.column[entry] = this.at(entry);
    }
    return this.column;
  }

  type(entry: number): number {
    return this.has(entry) ? this.bytes.u32(this.place(entry) + (this.bytes.little ? 8 : 12)) : Number.NaN;
  }

  symbol(entry: number): number {
    return this.has(entry) ? symbolAt(this.bytes, this.place(entry)) : Number.NaN;
  }

  /** Raw addend; NaN where absurd. */
  addend(entry: number): number {
    return this.has(entry) ? this.bytes.signed(this.place(entry) + 16) : Number.NaN;
  }

  /** Where it points; 0 is outside of the file. */
  toSection(entry: number): number {
    return this.symbols.section[this.symbol(entry)] ?? Number.NaN;
  }

  /**
   * Symbol value plus addend: an offset in `toSection`,
   * not corrected for PC-relative forms. NaN where absurd.
   */
  to(entry: number): number {
    return (this.symbols.value[this.symbol(entry)] ?? Number.NaN) + this.addend(entry);
  }

  private has(entry: number): boolean {
    return entry >= 0 && entry < this.count;
  }

  private place(entry: number): number {
    return typeof this.places === 'number' ? this.places + entry * ENTRY_SIZE : this.places[entry]!;
  }
}

/** r_info: the symbol is the high word, the type the low one. */
const symbolAt = (bytes: Bytes, place: number): number => bytes.u32(place + (bytes.little ? 12 : 8));

/** Returns the first relocation at `offset` or after it. `count` if there is none. */
export function firstAt(relocations: Relocations, offset: number): number {
  const { offsets } = relocations;
  let low = 0;
  let high = offsets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsets[middle]! < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
