import { tooLarge } from './error.js';
import { broken } from './fse.js';
import { checkBlock, MAX_BLOCK, type Tables } from './zstd-block.js';

const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
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
 * Splits a zstd file into its frames.
 *
 * The decoder trusts what it reads: it allocates the window that a header asks for, and copies matches of
 * any length, so that 19 bytes can keep it busy for a minute. So the file is checked before it sees it.
 * @see https://datatracker.ietf.org/doc/html/rfc8878 section 3
 */
export function readZstdFrames(file: Uint8Array, limit: number): ZstdFrame[] {
  const reader = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const frames: ZstdFrame[] = [];
  try {
    for (let at = 0; at < file.length;) {
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
  if (content !== null && content > limit) throw tooLarge('bytes of the unpacked file', content, limit);
  if (isSingle) window = content ?? 0;
  else if (window > MAX_WINDOW) throw tooLarge('bytes of the decompression window', window, MAX_WINDOW);
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
  const tables: Tables = {};
  for (let at = start, blocks = 1; ; blocks++) {
    const header = reader.getUint16(at, true) | (reader.getUint8(at + 2) << 16);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === 3 || size > MAX_BLOCK) throw broken('has a block that is no block');
    const end = at + 3 + (type === 1 ? 1 : size);
    if (end > reader.byteLength) throw broken('ends within a block');
    if (type === 2) checkBlock(reader, at + 3, end, tables);
    at = end;
    if ((header & 1) !== 0) return { at, blocks };
  }
}
