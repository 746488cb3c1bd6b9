import fc from 'fast-check';
import { ModuleError, readModule, type ModuleReading } from '../src/index.js';
import { KERNELS, readCapturedModule } from './captured.js';
import { readCompiled } from './compiled.js';
import { ARM64, emptyModule, klpBuildModule, kpatchModule, S390, staticModule } from './synthetic.js';

const NAMES = [
  'lab_r_1v1_a',
  'lab_data',
  'lab_fdata',
  'lab_ro',
  'lab_decoy',
  'lab_r_1v1_multi',
  'lab_param',
  'lab_n_1v1_cb',
  'lab_noobjs',
  'lab_r_s0_a',
];
const FILES: readonly Buffer[] = [
  ...KERNELS.flatMap((kernel) => NAMES.map((name) => readCapturedModule(kernel, name))),
  staticModule(),
  staticModule({ target: S390 }),
  staticModule({ target: ARM64 }),
  kpatchModule({ callbacks: ['pre_patch'] }),
  klpBuildModule({ callback: true }),
  ...['x86_64/states-1', 'x86_64/text-says-plain', 'ppc64le/says', 'ppc64le-pcrel/says'].map(readCompiled),
];
const SEED = 20261123;

/** A reading or a ModuleError; any other error is a bug, and fails the test. */
function attempt(bytes: Uint8Array): ModuleReading | ModuleError {
  try {
    return readModule(bytes);
  } catch (error) {
    if (error instanceof ModuleError) return error;
    throw error;
  }
}

/** What must hold for every reading, whatever the bytes. */
function expectConsistent(reading: ModuleReading | ModuleError): void {
  if (reading instanceof ModuleError) return;
  const facts = {
    statesOrReason: (reading.states === null) === (reading.unreadable !== null),
    noIdZero:
      reading.states?.every(
        ({ id, version }) => id > 0n && id < 2n ** 64n && version >= 0 && version < 2 ** 32,
      ) ?? true,
    impactFits:
      reading.states === null
        ? reading.impact === 'UNREADABLE'
        : reading.states.length > 0
          ? reading.impact === 'DECLARED'
          : ['NONE', 'UNDECLARED'].includes(reading.impact),
    reasonsFit:
      reading.impactReasons.length > 0 ===
      (reading.impact === 'UNDECLARED' || reading.impact === 'UNREADABLE'),
    named: reading.name !== '',
  };
  expect(facts).toEqual({
    statesOrReason: true,
    noIdZero: true,
    impactFits: true,
    reasonsFit: true,
    named: true,
  });
}

test('a file cut off anywhere is an error: the section headers are at its end', () => {
  for (const file of FILES) {
    const step = Math.max(1, Math.floor(file.length / 150));
    for (let length = 0; length < file.length; length += step)
      expect(attempt(file.subarray(0, length))).toBeInstanceOf(ModuleError);
  }
});

describe('changed bytes give a reading or a ModuleError, and a consistent one', () => {
  const place = fc.record({
    file: fc.nat(FILES.length - 1),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  });
  const value = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255));

  test('one to four bytes, anywhere', () => {
    fc.assert(
      fc.property(
        place,
        fc.array(fc.tuple(fc.nat(64), value), { minLength: 1, maxLength: 4 }),
        ({ file, at }, changes) => {
          const bytes = Uint8Array.from(FILES[file]!);
          for (const [near, byte] of changes)
            bytes[Math.min(bytes.length - 1, Math.floor(at * bytes.length) + near)] = byte;
          expectConsistent(attempt(bytes));
        },
      ),
      { numRuns: 6000, seed: SEED },
    );
  });

  test('words of the headers, symbols and relocations', () => {
    const word = fc.constantFrom(
      0n,
      1n,
      0xffn,
      0xff00n,
      0xffffn,
      0x7fffffffn,
      0xffffffffn,
      2n ** 53n,
      2n ** 63n,
      2n ** 64n - 1n,
      2n ** 64n - 8n,
    );
    fc.assert(
      fc.property(
        place,
        word,
        fc.constantFrom(2, 4, 8),
        fc.boolean(),
        ({ file, at }, number, size, isTail) => {
          const bytes = Buffer.from(FILES[file]!);
          const from = isTail ? Math.floor(bytes.length * 0.4) : 0;
          const offset = Math.min(
            bytes.length - 8,
            from + Math.floor((at * (bytes.length - from)) / size) * size,
          );
          const encoded = Buffer.alloc(8);
          encoded.writeBigUInt64LE(number);
          bytes.set(encoded.subarray(0, size), offset);
          expectConsistent(attempt(bytes));
        },
      ),
      { numRuns: 6000, seed: SEED },
    );
  });

  test('anything behind an ELF header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 600 }), (tail) => {
        expectConsistent(attempt(Buffer.concat([FILES[0]!.subarray(0, 64), tail])));
      }),
      { numRuns: 1000, seed: SEED },
    );
  });
});

test('code, texts and notes of the module do not change what states it declares', () => {
  const file = readCapturedModule('7.3', 'lab_data');
  const { states } = readModule(file);
  const sections = ['.text', '.rodata', '.modinfo', '.note.Linux', '.BTF', '.orc_unwind'].map((name) =>
    findSection(file, name),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...sections),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      ({ offset, size }, at, change) => {
        const bytes = Buffer.from(file);
        bytes[offset + (at % size)]! ^= change;
        const reading = attempt(bytes);
        if (!(reading instanceof ModuleError)) expect(reading.states ?? states).toEqual(states);
      },
    ),
    { numRuns: 1500, seed: SEED },
  );
});

describe('files that lie', () => {
  const lie = (change: (bytes: Buffer) => void, file = readCapturedModule('7.3', 'lab_r_1v1_a')) => {
    const bytes = Buffer.from(file);
    change(bytes);
    return attempt(bytes);
  };
  const table = (bytes: Buffer) => Number(bytes.readBigUInt64LE(40));
  const header = (bytes: Buffer, name: string) => table(bytes) + 64 * findSection(bytes, name).index;

  test.each<[sentence: string, change: (bytes: Buffer) => void, code: string]>([
    ['no ELF magic', (b) => b.writeUInt8(0, 0), 'NOT_ELF'],
    ['32-bit', (b) => b.writeUInt8(1, 4), 'NOT_ELF64'],
    ['a byte order that is none', (b) => b.writeUInt8(3, 5), 'MALFORMED'],
    ['a shared object', (b) => b.writeUInt16LE(3, 16), 'NOT_RELOCATABLE'],
    ['another machine', (b) => b.writeUInt16LE(3, 18), 'UNSUPPORTED_ARCH'],
    ['no sections', (b) => b.writeUInt16LE(0, 60), 'MALFORMED'],
    ['more sections than 65,279', (b) => b.writeUInt16LE(0xffff, 60), 'MALFORMED'],
    ['a name table in the extended form', (b) => b.writeUInt16LE(0xffff, 62), 'MALFORMED'],
    ['section headers outside of the file', (b) => b.writeBigUInt64LE(2n ** 60n, 40), 'TRUNCATED'],
    ['section headers of another size', (b) => b.writeUInt16LE(40, 58), 'MALFORMED'],
    [
      'a section outside of the file',
      (b) => b.writeBigUInt64LE(2n ** 40n, header(b, '.data') + 24),
      'TRUNCATED',
    ],
    [
      'a section that ends beyond 2^64',
      (b) => b.writeBigUInt64LE(2n ** 64n - 1n, header(b, '.data') + 32),
      'MALFORMED',
    ],
    [
      'two sections that share bytes',
      (b) => b.writeBigUInt64LE(BigInt(findSection(b, '.text').offset), header(b, '.rodata') + 24),
      'MALFORMED',
    ],
    ['loaded and compressed', (b) => b.writeBigUInt64LE(0x803n, header(b, '.data') + 8), 'MALFORMED'],
    [
      'a second .modinfo',
      (b) => b.writeUInt32LE(b.readUInt32LE(header(b, '.modinfo')), header(b, '.comment')),
      'MALFORMED',
    ],
    [
      'a second build-id',
      (b) => b.writeUInt32LE(b.readUInt32LE(header(b, '.note.gnu.build-id')), header(b, '.note.Linux')),
      'MALFORMED',
    ],
    ['no symbol table', (b) => b.writeUInt32LE(1, header(b, '.symtab') + 4), 'NOT_A_MODULE'],
    [
      'a symbol in no section',
      (b) => b.writeUInt16LE(5000, findSection(b, '.symtab').offset + 24 * 8 + 6),
      'MALFORMED',
    ],
    [
      'a symbol with an extended section index',
      (b) => b.writeUInt16LE(0xffff, findSection(b, '.symtab').offset + 24 * 8 + 6),
      'MALFORMED',
    ],
    [
      'a relocation of no symbol',
      (b) => b.writeUInt32LE(0xffffff, findSection(b, '.rela.data').offset + 12),
      'MALFORMED',
    ],
    [
      'a relocation outside of its section',
      (b) => b.writeBigUInt64LE(2n ** 33n, findSection(b, '.rela.data').offset),
      'MALFORMED',
    ],
    ['no __this_module', (b) => b.writeUInt32LE(0, header(b, '.gnu.linkonce.this_module')), 'NOT_A_MODULE'],
  ])('%s', (_, change, code) => expect(lie(change)).toMatchObject({ name: 'ModuleError', code }));

  test.each<[sentence: string, change: (bytes: Buffer) => void]>([
    [
      'a relocation section of a section that does not exist',
      (b) => b.writeUInt32LE(0xfffffff0, header(b, '.rela.data') + 44),
    ],
    ['relocations without addends', (b) => b.writeUInt32LE(9, header(b, '.rela.data') + 4)],
    [
      'a wrong entry size, which no loader reads',
      (b) => b.writeBigUInt64LE(1n, header(b, '.rela.data') + 56),
    ],
  ])('%s is never stateless', (_, change) => expect((lie(change) as ModuleReading).states).not.toEqual([]));

  test('two build-ids in one note section are no build-id', () => {
    const { writer } = emptyModule();
    writer.sections.at(-1)!.bytes = Buffer.concat([
      writer.sections.at(-1)!.bytes,
      writer.sections.at(-1)!.bytes,
    ]);
    expect(readModule(writer.write()).buildId).toBeNull();
  });
});

function findSection(bytes: Buffer, name: string): { index: number; offset: number; size: number } {
  const table = Number(bytes.readBigUInt64LE(40));
  const names = Number(bytes.readBigUInt64LE(table + 64 * bytes.readUInt16LE(62) + 24));
  for (let index = 0; index < bytes.readUInt16LE(60); index++) {
    const at = table + 64 * index;
    const nameAt = names + bytes.readUInt32LE(at);
    if (bytes.toString('latin1', nameAt, bytes.indexOf(0, nameAt)) === name)
      return {
        index,
        offset: Number(bytes.readBigUInt64LE(at + 24)),
        size: Number(bytes.readBigUInt64LE(at + 32)),
      };
  }
  throw new Error(`no section ${name}`);
}
