import type { Decompress } from 'fzstd';
import { Collected, UNPACKED_BYTES } from './collected.js';
import { ModuleError, tooLarge } from './error.js';
import { broken } from './fse.js';
import { MAX_MODULE } from './limits.js';
import { readZstdFrames, type ZstdFrame } from './zstd.js';

/**
 * fzstd moves its whole window for each block. A file of 64 MiB
 * with blocks of 128 KiB and a window of 8 MiB makes it move 4 GiB.
 */
const MAX_MOVED = 8 * 1024 ** 3;

// each decoder is imported by the first file that needs it: most never are, and xz alone would cost 7 MiB

/**
 * Decompresses a module file.
 *
 * Told by its first bytes, not by its name: gzip, xz, zstd; anything else is
 * returned as it is. Checksums of gzip and xz are verified, those of zstd are not.
 * @param limit largest result, in bytes. It holds while decompressing:
 *   a bomb is `TOO_LARGE`, and costs no more memory than that.
 * @throws ModuleError `TOO_LARGE` or `COMPRESSION_BROKEN`.
 */
export async function unpackModule(bytes: Uint8Array, limit: number = MAX_MODULE): Promise<Uint8Array> {
  const unpacked = await (startsWith(bytes, 0x1f, 0x8b)
    ? unpackGzip(bytes, limit)
    : startsWith(bytes, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)
      ? unpackXz(bytes, limit)
      : startsWith(bytes, 0x28, 0xb5, 0x2f, 0xfd)
        ? unpackZstd(bytes, limit)
        : bytes);
  if (unpacked.length > limit) throw tooLarge(UNPACKED_BYTES, unpacked.length, limit);
  return unpacked;
}

function startsWith(bytes: Uint8Array, ...magic: number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

async function unpackGzip(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  const { gunzip } = await import('#platform/gunzip');
  return gunzip(bytes, limit);
}

async function unpackXz(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  // a CommonJS bundle: its exports are `default`
  const { XzReadableStream } = (await import('xz-decompress')).default;
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
  try {
    return (await new Collected(limit).addAll(new XzReadableStream(source))).whole();
  } catch (error) {
    if (error instanceof ModuleError) throw error;
    throw (error as Error).name === 'CompileError'
      ? broken('cannot be unpacked here, because WebAssembly is forbidden; unpack it before')
      : broken('is no xz file, or needs a larger dictionary than 64 MiB');
  }
}

async function unpackZstd(bytes: Uint8Array, limit: number): Promise<Uint8Array> {
  const frames = readZstdFrames(bytes, limit);
  const moved = frames.reduce((sum, frame) => sum + frame.window * frame.blocks, 0);
  if (moved > MAX_MOVED) throw tooLarge('bytes that decompression moves', moved, MAX_MOVED);
  const { Decompress } = await import('fzstd');
  const collected = new Collected(limit);
  for (const frame of frames) unpackFrame(new Decompress((chunk) => collected.add(chunk)), frame, collected);
  return collected.whole();
}

function unpackFrame(decoder: Decompress, frame: ZstdFrame, collected: Collected): void {
  const before = collected.size;
  try {
    decoder.push(frame.bytes, true);
  } catch (error) {
    throw error instanceof ModuleError ? error : broken('is no zstd file');
  }
  if (frame.content !== null && collected.size - before !== frame.content)
    throw broken('has another size than its header says');
}
