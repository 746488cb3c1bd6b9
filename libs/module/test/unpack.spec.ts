import { gzipSync } from 'node:zlib';
import { ModuleError, openModule, unpackModule } from '../src/index.js';
import { readCapturedModule, readCompressed } from './captured.js';

const MODULE = readCapturedModule('7.3', 'lab_data');

describe('what comes out is the file that went in', () => {
  test.each<[sentence: string, packed: () => Uint8Array]>([
    ['plain', () => MODULE],
    ['gzip', () => gzipSync(MODULE)],
    ['xz with CRC32, as kernel builds make it', () => readCompressed('lab_data.ko.xz')],
    ['xz with CRC64, as the command makes it', () => readCompressed('lab_data.crc64.ko.xz')],
    ['zstd with a content size', () => readCompressed('lab_data.ko.zst')],
    ['zstd from a pipe, without a content size', () => readCompressed('lab_data.streamed.ko.zst')],
    ['zstd in two frames', () => readCompressed('lab_data.two-frames.ko.zst')],
    [
      'zstd with a skippable frame behind it',
      () =>
        Buffer.concat([readCompressed('lab_data.ko.zst'), Buffer.from('502a4d1804000000aabbccdd', 'hex')]),
    ],
    [
      'a view into a larger buffer',
      () => Buffer.concat([Buffer.alloc(13), readCompressed('lab_data.ko.zst')]).subarray(13),
    ],
  ])('%s', async (_, packed) => {
    expect(Buffer.from(await unpackModule(packed())).equals(MODULE)).toBe(true);
  });

  test('a compressed module opens like a plain one', async () => {
    expect(await openModule(readCompressed('lab_data.ko.xz'))).toEqual(await openModule(MODULE));
  });
});

describe('more than the limit is TOO_LARGE, and does not come into being', () => {
  const zeros = Buffer.alloc(64 * 1024 * 1024);
  test.each<[sentence: string, packed: () => Uint8Array, limit: number]>([
    ['plain', () => MODULE, 1000],
    ['a gzip bomb', () => gzipSync(zeros), 1024 * 1024],
    ['xz', () => readCompressed('lab_data.ko.xz'), 10_000],
    ['zstd with a content size', () => readCompressed('lab_data.ko.zst'), 10_000],
    ['zstd without a content size', () => readCompressed('lab_data.streamed.ko.zst'), 10_000],
    ['a zstd bomb of repeated bytes', () => zstdBomb(100_000), 16 * 1024 * 1024],
    ['a zstd window of gigabytes', () => Buffer.from('28b52ffd00a8010000', 'hex'), 2 ** 40],
    ['a zstd file whose window is moved for a million tiny blocks', () => tinyBlocks(1_000_000), 2 ** 30],
  ])('%s', async (_, packed, limit) => {
    await expect(unpackModule(packed(), limit)).rejects.toMatchObject({
      name: 'ModuleError',
      code: 'TOO_LARGE',
      limit: {
        what: expect.stringMatching(/^bytes /) as string,
        found: expect.any(Number) as number,
        allowed: expect.any(Number) as number,
      },
    });
  });

  test('after a refused xz file, the next one is read', async () => {
    for (let round = 0; round < 5; round++)
      await expect(unpackModule(readCompressed('lab_data.ko.xz'), 100)).rejects.toMatchObject({
        code: 'TOO_LARGE',
      });
    expect(await unpackModule(readCompressed('lab_data.ko.xz'))).toHaveLength(MODULE.length);
  });
});

describe('a broken file is COMPRESSION_BROKEN', () => {
  test.each<[sentence: string, packed: () => Uint8Array]>([
    [
      'a zstd content size that is too large',
      () => changed('lab_data.ko.zst', (b) => b.writeUInt16LE(b.readUInt16LE(5) + 1, 5)),
    ],
    ['a zstd dictionary', () => changed('lab_data.ko.zst', (b) => b.writeUInt8(b.readUInt8(4) | 1, 4))],
    [
      'something behind the last zstd frame',
      () => Buffer.concat([readCompressed('lab_data.ko.zst'), Buffer.from('garbage')]),
    ],
    ['a Huffman table of one symbol, on which the decoder would never end', oneSymbol],
    ['zstd matches of megabytes in a few bytes, which the decoder would copy for a minute', endlessMatches],
    ['zstd magic alone', () => Buffer.from('28b52ffd', 'hex')],
    ['xz magic alone', () => Buffer.from('fd377a585a00', 'hex')],
    ['gzip magic alone', () => Buffer.from('1f8b', 'hex')],
  ])('%s', async (_, packed) => {
    await expect(unpackModule(packed())).rejects.toMatchObject({
      name: 'ModuleError',
      code: 'COMPRESSION_BROKEN',
    });
  });

  test('the Huffman table is the reason for which that file is refused', async () => {
    await expect(unpackModule(oneSymbol())).rejects.toThrow('Huffman table of one symbol');
  });

  test.each(['lab_data.ko.xz', 'lab_data.crc64.ko.xz', 'lab_data.ko.zst', 'lab_data.streamed.ko.zst'])(
    '%s cut off anywhere',
    async (name) => {
      const packed = readCompressed(name);
      for (let length = 8; length < packed.length; length += 37)
        await expect(unpackModule(packed.subarray(0, length))).rejects.toBeInstanceOf(ModuleError);
    },
  );

  test.each(['lab_data.ko.xz', 'lab_data.ko.zst', 'lab_data.streamed.ko.zst'])(
    '%s with any byte changed is a ModuleError or bytes, and ends',
    async (name) => {
      const packed = readCompressed(name);
      for (let at = 4; at < packed.length; at += 3) {
        const bytes = Buffer.from(packed);
        bytes[at]! ^= 1 << (at % 8);
        await unpackModule(bytes, 2 ** 22).catch((error: unknown) =>
          expect(error).toBeInstanceOf(ModuleError),
        );
      }
    },
  );
});

function changed(name: string, change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(readCompressed(name));
  change(bytes);
  return bytes;
}

/** Blocks of 128 KiB, each of 4 bytes: a repeated zero. */
function zstdBomb(blocks: number): Buffer {
  const block = Buffer.from([0x02, 0x00, 0x10, 0x00]);
  return Buffer.concat([
    Buffer.from('28b52ffd0038', 'hex'),
    ...Array.from({ length: blocks }, () => block),
    Buffer.from([0x03, 0x00, 0x10, 0x00]),
  ]);
}

/** One block of 43,690 sequences, each a match of 64 KiB, in 19 bytes. */
function endlessMatches(): Buffer {
  return Buffer.from('28b52ffd00385d00000861ffaa2b5400003480', 'hex');
}

/** Blocks of one byte behind a window of 8 MiB. */
function tinyBlocks(blocks: number): Buffer {
  return Buffer.concat([
    Buffer.from('28b52ffd0068', 'hex'),
    Buffer.alloc(blocks * 4, Buffer.from([0x08, 0x00, 0x00, 0x61])),
    Buffer.from([0x09, 0x00, 0x00, 0x61]),
  ]);
}

/**
 * A compressed block whose Huffman weights are coded by an FSE
 * table (accuracy 6) in which one symbol has all 64 parts.
 */
function oneSymbol(): Buffer {
  // accuracy log 1 (+5 = 6) in 4 bits, then the value 65 of a
  // 6 to 7 bit field: its low 6 bits are above the short range
  const table = Buffer.alloc(8);
  table.writeUInt16LE(1 | (0x7f << 4), 0);
  const literals = Buffer.from([0x02 | (4 << 4), (1 | (20 << 2)) & 0xff, 0]);
  literals.writeUIntLE(2 | (0 << 2) | (4 << 4) | (12 << 14), 0, 3);
  const body = Buffer.concat([literals, Buffer.from([8]), table, Buffer.alloc(3, 0x80), Buffer.from([0])]);
  const header = Buffer.alloc(3);
  header.writeUIntLE(1 | (2 << 1) | (body.length << 3), 0, 3);
  return Buffer.concat([Buffer.from('28b52ffd0038', 'hex'), header, body]);
}
