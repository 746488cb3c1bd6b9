import { ModuleError } from './error.js';

const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const MAX_BLOCK = 128 * 1024;
/** No match is shorter than 3 bytes, so a block cannot hold more sequences. */
const MAX_SEQUENCES = Math.ceil(MAX_BLOCK / 3);
/** As the zstd command: a larger window needs to be asked for. */
const MAX_WINDOW = 128 * 1024 * 1024;

/** One frame of a zstd file: which bytes, and what its header promises. Sizes in bytes. */
export interface ZstdFrame {
  readonly bytes: Uint8Array;
  readonly window: number;
  readonly blocks: number;
  /** The content's size, where the header gives one. */
  readonly content: number | null;
}

/**
 * Which frames does the file consist of?
 *
 * The decoder trusts headers: it allocates the window that they ask for, and can run without end on tables that no encoder writes. So they are checked before it sees them.
 * @see https://datatracker.ietf.org/doc/html/rfc8878 section 3
 */
export function readZstdFrames(file: Uint8Array, limit: number): ZstdFrame[] {
  const reader = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const frames: ZstdFrame[] = [];
  try {
    for (let at = 0; at < file.length; ) {
      const magic = reader.getUint32(at, true);
      if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) {
        at += 8 + reader.getUint32(at + 4, true);
        if (at > file.length) throw broken('ends within a frame');
        continue;
      }
      if (magic !== FRAME) throw broken('has something else behind its last frame');
      const { end, ...frame } = readFrame(reader, at, limit);
      frames.push({ bytes: file.subarray(at, end), ...frame });
      at = end;
    }
  } catch (error) {
    if (error instanceof RangeError) throw broken('ends within a frame');
    throw error;
  }
  return frames;
}

function readFrame(reader: DataView, start: number, limit: number) {
  const descriptor = reader.getUint8(start + 4);
  const isSingle = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0) throw broken('uses a reserved bit');
  if ((descriptor & 0x03) !== 0) throw broken('needs a dictionary');
  let at = start + 5;
  let window = 0;
  if (!isSingle) {
    const exponent = reader.getUint8(at) >> 3;
    const base = 2 ** (10 + exponent);
    window = base + (base / 8) * (reader.getUint8(at) & 7);
    at += 1;
  }
  const width = descriptor >> 6 === 0 ? (isSingle ? 1 : 0) : 1 << (descriptor >> 6);
  const content = readContentSize(reader, at, width);
  at += width;
  if (content !== null && content > limit) throw new ModuleError('TOO_LARGE', `the uncompressed file would be larger than ${limit} bytes`);
  if (isSingle) window = content ?? 0;
  else if (window > MAX_WINDOW) throw new ModuleError('TOO_LARGE', `decompression would need a window of ${window} bytes`);
  const walked = walkBlocks(reader, at);
  const end = walked.at + ((descriptor & 0x04) !== 0 ? 4 : 0);
  if (end > reader.byteLength) throw broken('ends within a frame');
  return { end, window, blocks: walked.blocks, content };
}

function readContentSize(reader: DataView, at: number, width: number): number | null {
  if (width === 0) return null;
  if (width === 1) return reader.getUint8(at);
  if (width === 2) return reader.getUint16(at, true) + 256;
  return width === 4 ? reader.getUint32(at, true) : Number(reader.getBigUint64(at, true));
}

function walkBlocks(reader: DataView, start: number): { readonly at: number; readonly blocks: number } {
  for (let at = start, blocks = 1; ; blocks++) {
    const header = reader.getUint16(at, true) | (reader.getUint8(at + 2) << 16);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === 3 || size > MAX_BLOCK) throw broken('has a block that is no block');
    const end = at + 3 + (type === 1 ? 1 : size);
    if (end > reader.byteLength) throw broken('ends within a block');
    if (type === 2) checkCompressed(reader, at + 3, end);
    at = end;
    if ((header & 1) !== 0) return { at, blocks };
  }
}

/** Refuses what no encoder writes and the decoder would run on: too many sequences, or Huffman weights of one symbol. */
function checkCompressed(reader: DataView, start: number, end: number): void {
  const first = reader.getUint8(start);
  const type = first & 3;
  const format = (first >> 2) & 3;
  let at: number;
  if (type < 2) {
    const header = format === 1 ? 2 : format === 3 ? 3 : 1;
    const size = header === 1 ? first >> 3 : header === 2 ? reader.getUint16(start, true) >> 4 : (reader.getUint16(start, true) | (reader.getUint8(start + 2) << 16)) >> 4;
    if (size > MAX_BLOCK) throw broken('has a block with too many literals');
    at = start + header + (type === 1 ? 1 : size);
  } else {
    const header = format < 2 ? 3 : format + 2;
    let bits = 0n;
    for (let byte = header - 1; byte >= 0; byte--) bits = (bits << 8n) | BigInt(reader.getUint8(start + byte));
    const width = format < 2 ? 10n : format === 2 ? 14n : 18n;
    const size = Number((bits >> 4n) & ((1n << width) - 1n));
    if (size > MAX_BLOCK) throw broken('has a block with too many literals');
    if (type === 2 && reader.getUint8(start + header) < 128 && hasOneSymbol(reader, start + header + 1)) throw broken('has a Huffman table of one symbol');
    at = start + header + Number(bits >> (4n + width));
  }
  if (at >= end) throw broken('has a block without sequences');
  const count = reader.getUint8(at);
  const sequences = count < 128 ? count : count < 255 ? ((count - 128) << 8) + reader.getUint8(at + 1) : reader.getUint16(at + 1, true) + 0x7f00;
  if (sequences > MAX_SEQUENCES) throw broken('has a block with too many sequences');
}

/**
 * Does this FSE table give all its probability to one symbol?
 *
 * It would need no bits for each symbol, and decoding would never come to the end of the bits. Symbols of probability 0 may stand before it.
 */
function hasOneSymbol(reader: DataView, start: number): boolean {
  const table = 1 << ((reader.getUint8(start) & 15) + 5);
  const bit = (position: number) => (start + (position >> 3) < reader.byteLength ? (reader.getUint8(start + (position >> 3)) >> (position & 7)) & 1 : 0);
  const take = (position: number, width: number) => Array.from({ length: width }, (_, index) => bit(position + index) << index).reduce((sum, part) => sum + part, 0);
  const width = 31 - Math.clz32(table + 1);
  for (let position = 4, symbols = 0; symbols < 256; ) {
    const mask = 2 ** (width + 1) - 1;
    const short = mask - table - 1;
    const low = take(position, width);
    let value = take(position, width + 1);
    if (low < short) {
      position += width;
      value = low;
    } else {
      position += width + 1;
      if (value > mask >> 1) value -= short;
    }
    if (value - 1 !== 0) return value - 1 === table;
    for (symbols++; ; ) {
      const repeat = take(position, 2);
      position += 2;
      symbols += repeat;
      if (repeat < 3 || symbols > 256) break;
    }
  }
  return false;
}

export function broken(how: string): ModuleError {
  return new ModuleError('COMPRESSION_BROKEN', `the compressed file ${how}`);
}
