import { broken, buildTable, readProbabilities, singleTable, type FseTable } from './fse.js';

/** Largest block, before and after compression, in bytes. */
export const MAX_BLOCK = 128 * 1024;

/** The tables of the last block that had any; a block may ask for them again. */
export type Tables = { [kind in 'literals' | 'offset' | 'match']?: FseTable };

const range = (count: number, value: number) => Array.from({ length: count }, () => value);
/*
 * Predefined probabilities, and what each length code stands for: RFC 8878, sections 3.1.1.3.2.1.1 and
 * 3.1.1.3.2.2.
 */
const KINDS = [
  {
    kind: 'literals',
    maxAccuracy: 9,
    maxSymbol: 35,
    standard: buildTable(6, [
      4,
      3,
      ...range(11, 2),
      1,
      1,
      1,
      ...range(9, 2),
      3,
      2,
      ...range(5, 1),
      ...range(4, -1),
    ]),
  },
  {
    kind: 'offset',
    maxAccuracy: 8,
    maxSymbol: 31,
    standard: buildTable(5, [...range(6, 1), 2, 2, 2, ...range(15, 1), ...range(5, -1)]),
  },
  {
    kind: 'match',
    maxAccuracy: 9,
    maxSymbol: 52,
    standard: buildTable(6, [1, 4, 3, ...range(6, 2), ...range(37, 1), ...range(7, -1)]),
  },
] as const;
const LITERALS_BITS = [...range(16, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const MATCH_BITS = [...range(32, 0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const LITERALS_BASE = bases(LITERALS_BITS, 0);
const MATCH_BASE = bases(MATCH_BITS, 3);

function bases(bits: readonly number[], first: number): number[] {
  let next = first;
  return bits.map((width) => (next += 1 << width) - (1 << width));
}

/**
 * Checks that a compressed block decodes to at most 128 KiB, from the bits that it has.
 *
 * Adds up what its sequences would copy, without copying. The decoder does not ask, and copies for minutes.
 * @throws ModuleError `COMPRESSION_BROKEN` if not.
 */
export function checkBlock(reader: DataView, start: number, end: number, tables: Tables): void {
  const literals = readLiterals(reader, start, end);
  let at = literals.end;
  if (at >= end) throw broken('has a block without sequences');
  const first = reader.getUint8(at++);
  let count = first;
  if (first === 255) {
    count = reader.getUint16(at, true) + 0x7f00;
    at += 2;
  } else if (first > 127) count = ((first - 128) << 8) | reader.getUint8(at++);
  if (count === 0) return;
  const modes = reader.getUint8(at++);
  for (const [index, { kind, maxAccuracy, maxSymbol, standard }] of KINDS.entries()) {
    const mode = (modes >> (6 - 2 * index)) & 3;
    if (mode === 0) tables[kind] = standard;
    else if (mode === 1) tables[kind] = singleTable(reader.getUint8(at++));
    else if (mode === 2) {
      const read = readProbabilities(reader, at, end, maxAccuracy);
      tables[kind] = buildTable(read.accuracy, read.probabilities);
      at = read.end;
    } else if (tables[kind] === undefined) throw broken('repeats a table that was never given');
    if (tables[kind]!.symbol.some((symbol) => symbol > maxSymbol))
      throw broken('has a code that does not exist');
  }
  if (at >= end) throw broken('has sequences without bits');
  const sum = addSequences(new BackwardBits(reader, at, end), count, tables as Required<Tables>);
  if (sum.literals > literals.size || literals.size + sum.matches > MAX_BLOCK)
    throw broken('has a block that is larger than a block may be');
}

function addSequences(
  bits: BackwardBits,
  count: number,
  tables: Required<Tables>,
): { readonly literals: number; readonly matches: number } {
  const sum = { literals: 0, matches: 0 };
  let literals = bits.read(tables.literals.accuracy);
  let offset = bits.read(tables.offset.accuracy);
  let match = bits.read(tables.match.accuracy);
  for (let left = count; left > 0; left--) {
    bits.skip(tables.offset.symbol[offset]!);
    const matchCode = tables.match.symbol[match]!;
    sum.matches += MATCH_BASE[matchCode]! + bits.read(MATCH_BITS[matchCode]!);
    const literalsCode = tables.literals.symbol[literals]!;
    sum.literals += LITERALS_BASE[literalsCode]! + bits.read(LITERALS_BITS[literalsCode]!);
    if (sum.matches > MAX_BLOCK || sum.literals > MAX_BLOCK) return sum;
    if (left === 1) break;
    literals = tables.literals.base[literals]! + bits.read(tables.literals.bits[literals]!);
    match = tables.match.base[match]! + bits.read(tables.match.bits[match]!);
    offset = tables.offset.base[offset]! + bits.read(tables.offset.bits[offset]!);
  }
  return sum;
}

/**
 * Returns the number of literals and their end. Rejects Huffman
 * weights of one symbol: they need no bits, so decoding would not end.
 */
function readLiterals(
  reader: DataView,
  start: number,
  blockEnd: number,
): { readonly size: number; readonly end: number } {
  const first = reader.getUint8(start);
  const type = first & 3;
  const format = (first >> 2) & 3;
  const word =
    first |
    (reader.getUint8(start + 1) << 8) |
    ((start + 2 < blockEnd ? reader.getUint8(start + 2) : 0) << 16);
  if (type < 2) {
    const header = format === 1 ? 2 : format === 3 ? 3 : 1;
    const size = header === 1 ? first >> 3 : header === 2 ? (word & 0xffff) >> 4 : word >> 4;
    if (size > MAX_BLOCK) throw broken('has a block with too many literals');
    return { size, end: start + header + (type === 1 ? 1 : size) };
  }
  const header = format < 2 ? 3 : format + 2;
  const width = format < 2 ? 10 : format === 2 ? 14 : 18;
  let bits = 0n;
  for (let byte = header - 1; byte >= 0; byte--) bits = (bits << 8n) | BigInt(reader.getUint8(start + byte));
  const size = Number((bits >> 4n) & ((1n << BigInt(width)) - 1n));
  const end = start + header + Number(bits >> BigInt(4 + width));
  if (size > MAX_BLOCK || end > blockEnd) throw broken('has a block with too many literals');
  if (type === 2 && reader.getUint8(start + header) < 128) {
    const { accuracy, probabilities } = readProbabilities(reader, start + header + 1, end, 6);
    if (probabilities.includes(1 << accuracy)) throw broken('has a Huffman table of one symbol');
  }
  return { size, end };
}

/**
 * Bits that are read from their end to their start, as zstd writes
 * them; the highest set bit of the last byte marks the end.
 */
class BackwardBits {
  private left: number;

  constructor(
    private readonly reader: DataView,
    private readonly start: number,
    end: number,
  ) {
    const last = reader.getUint8(end - 1);
    if (last === 0) throw broken('has a bit stream without an end');
    this.left = (end - start) * 8 - 8 + (31 - Math.clz32(last));
  }

  /** The next `width` bits, up to 16. */
  read(width: number): number {
    this.skip(width);
    const at = this.start + (this.left >> 3);
    let value = 0;
    for (let byte = 0; byte * 8 < width + (this.left & 7); byte++)
      value |= this.reader.getUint8(at + byte) << (8 * byte);
    return (value >> (this.left & 7)) & ((1 << width) - 1);
  }

  skip(width: number): void {
    this.left -= width;
    if (this.left < 0) throw broken('has fewer bits than it reads');
  }
}
