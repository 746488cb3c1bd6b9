import { ModuleError } from '../error.js';

// a mark of the byte order is a part of a name
const text = new TextDecoder('utf-8', { ignoreBOM: true });
const LONGEST_TEXT = 1024;
/** Tables of names are copied up to this size. */
const LARGEST_TABLE = 2 ** 24;
const NOT_ASCII = /[^\0-\x7f]/;

/**
 * A file's bytes in one byte order. Every read is checked: past the end it is `TRUNCATED`, never `undefined`.
 */
export class Bytes {
  readonly raw: Uint8Array;
  /** For loops that check once that all they read is there. */
  readonly view: DataView;

  constructor(
    bytes: Uint8Array,
    readonly little: boolean,
  ) {
    // not a Buffer: those are slow to cut, and each section of code is cut out
    this.raw = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.raw.length;
  }

  u8(at: number): number {
    return this.view.getUint8(this.checked(at, 1));
  }

  u16(at: number): number {
    return this.view.getUint16(this.checked(at, 2), this.little);
  }

  u32(at: number): number {
    return this.view.getUint32(this.checked(at, 4), this.little);
  }

  u64(at: number): bigint {
    return this.view.getBigUint64(this.checked(at, 8), this.little);
  }

  /**
   * A 64-bit unsigned number as a JavaScript number; NaN above 2^53, which compares false with everything.
   */
  size(at: number): number {
    this.checked(at, 8);
    const high = this.view.getUint32(this.little ? at + 4 : at, this.little);
    const low = this.view.getUint32(this.little ? at : at + 4, this.little);
    // nearly all are small, and stay whole numbers
    if (high === 0) return low;
    return high < 0x200000 ? high * 0x100000000 + low : Number.NaN;
  }

  /** A 64-bit signed number as a JavaScript number; NaN where it does not fit into 53 bits. */
  signed(at: number): number {
    this.checked(at, 8);
    const high = this.view.getInt32(this.little ? at + 4 : at, this.little);
    const low = this.view.getUint32(this.little ? at : at + 4, this.little);
    return high >= -0x200000 && high < 0x200000 ? high * 0x100000000 + low : Number.NaN;
  }

  isZero(from: number, to: number): boolean {
    this.checked(from, to - from);
    for (let at = from; at < to; at++) if (this.raw[at] !== 0) return false;
    return true;
  }

  /** The texts of a table that has thousands, by their places in it: as `string`, and many times as fast. */
  texts(from: number, to: number): (at: number) => string | null {
    const table = this.raw.subarray(from, to);
    const all = table.length > LARGEST_TABLE ? null : text.decode(table);
    if (all === null || NOT_ASCII.test(all)) return (at) => this.string(from + at, to);
    return (at) => {
      const end = Math.min(all.length, at + LONGEST_TEXT);
      let nul = at;
      while (nul < end && table[nul] !== 0) nul++;
      return nul < end ? all.slice(at, nul) : null;
    };
  }

  /**
   * The text from `at` to the next NUL before `end`; null if there is
   * none within 1,024 bytes (no name that the kernel knows is as long).
   */
  string(at: number, end: number): string | null {
    const nul = this.raw.subarray(0, Math.min(end, at + LONGEST_TEXT)).indexOf(0, at);
    return at >= 0 && at < end && nul >= 0 ? text.decode(this.raw.subarray(at, nul)) : null;
  }

  slice(from: number, to: number): Uint8Array {
    this.checked(from, to - from);
    return this.raw.subarray(from, to);
  }

  private checked(at: number, size: number): number {
    // NaN fails each comparison, so an unrepresentable offset ends here too
    if (!(at >= 0 && size >= 0 && at + size <= this.raw.length))
      throw new ModuleError('TRUNCATED', `the file ends at byte ${this.raw.length}; byte ${at} was needed`);
    return at;
  }
}
