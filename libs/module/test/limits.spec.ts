import { gzipSync } from 'node:zlib';
import { openModule, readModule, unpackModule } from '../src/index.js';
import { KERNELS, readCaptured } from './captured.js';
import { ALLOC } from './elf-writer.js';
import { HEAVY } from './heavy.js';
import { emptyModule, klpBuildModule, staticModule } from './synthetic.js';

const MIB = 1024 * 1024;

const make = (sentence: string, size: number): Buffer => HEAVY.find(([name]) => name === sentence)![1](size);

describe('each limit is named, with what was found and what is allowed', () => {
  test.each<[what: string, file: () => Buffer, found: number, allowed: number]>([
    [
      'bytes in section .modinfo',
      () => emptyModule({ modinfo: `livepatch=Y\0name=x\0${'a'.repeat(MIB)}\0` }).writer.write(),
      MIB + 20,
      MIB,
    ],
    [
      'bytes in section .init.text',
      () => staticModule({ init: '90'.repeat(MIB + 1), relocations: [] }),
      MIB + 1,
      MIB,
    ],
    [
      'bytes in section .exit.text',
      () =>
        staticModule({ also: ({ writer }) => writer.section('.exit.text', ALLOC, Buffer.alloc(MIB + 1)) }),
      MIB + 1,
      MIB,
    ],
    ['states of the patch', () => make('states', 4097), 4097, 4096],
    ['objects of the patch', () => make('data objects and objects of the patch', 2001), 2001, 2000],
    ['functions of the patch', () => make('functions of one object', 20_001), 20_001, 20_000],
  ])('%s', (what, file, found, allowed) => {
    const limit = { what, found, allowed };
    expect(() => readModule(file())).toThrow(
      expect.objectContaining({
        code: 'TOO_LARGE',
        message: `${what}: ${found} found, at most ${allowed} allowed`,
        limit,
      }),
    );
  });

  test('bytes of the unpacked file', async () => {
    const large = Buffer.alloc(64 * MIB + 1);
    const limit = { what: 'bytes of the unpacked file', found: 64 * MIB + 1, allowed: 64 * MIB };
    await expect(unpackModule(large)).rejects.toMatchObject({ code: 'TOO_LARGE', limit });
    await expect(unpackModule(gzipSync(large))).rejects.toMatchObject({ code: 'TOO_LARGE', limit });
  });

  test.each(['objects of klp-build that claim the same functions', 'candidates that share one long array'])(
    'entries that are read: %s',
    (sentence) => {
      const file = make(sentence, 500);
      const allowed = 10_000 + Math.floor(file.length / 16);
      expect(() => readModule(file)).toThrow(
        expect.objectContaining({
          code: 'TOO_LARGE',
          limit: {
            what: 'entries of the declaration that are read',
            found: expect.any(Number) as number,
            allowed,
          },
        }),
      );
    },
  );
});

describe('what real modules have is far below the limits', () => {
  test.each(['states', 'data objects and objects of the patch', 'functions of one object'])(
    '%s: 1,000',
    (sentence) => {
      expect(readModule(make(sentence, 1000)).unreadable).toBeNull();
    },
  );
});

test('a reading is plain data: it can be sent from one thread to another', async () => {
  const readings = [
    staticModule(),
    klpBuildModule(),
    ...KERNELS.flatMap((kernel) => [...readCaptured(kernel).files.values()].slice(0, 40)),
  ];
  for (const bytes of readings) {
    const reading = await openModule(bytes).catch(() => null);
    if (reading !== null) expect(structuredClone(reading)).toEqual(reading);
  }
});
