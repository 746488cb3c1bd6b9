import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { archOfRelease, archOfTree } from '../src/read/arch.js';
import { structMembers } from '../src/read/btf.js';
import { readDistribution } from '../src/read/os-release.js';
import { readKallsyms } from '../src/read/kallsyms.js';
import { readMachine } from '../src/read/machine-id.js';
import { buildIdOf } from '../src/read/build-id-note.js';
import { pathsOf } from '../src/read/paths.js';
import { readProcModules } from '../src/read/proc-modules.js';
import { uuidFrom } from '../src/uuid.js';
import { VERSION } from '../src/version.js';
import { buildIdNote } from './tree.js';
import { temporaryFolder } from './trees.js';

const folder = temporaryFolder();
const file = (name: string, content: string | Buffer): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

describe('build-id notes', () => {
  const id = '00112233445566778899aabbccddeeff00112233';
  const swapped = Buffer.from(buildIdNote(id));
  for (const at of [0, 4, 8]) swapped.subarray(at, at + 4).reverse();
  const other = Buffer.concat([
    Buffer.from([6, 0, 0, 0, 4, 0, 0, 0, 1, 1, 0, 0]),
    Buffer.from('Linux\0\0\0'),
    Buffer.alloc(4),
  ]);

  test.each<[string, Buffer, string | null]>([
    ['a note', buildIdNote(id), id],
    ['a note of a big-endian kernel', swapped, id],
    ['a note behind another one', Buffer.concat([other, buildIdNote(id)]), id],
    ['no bytes', Buffer.alloc(0), null],
    ['a note that is cut', buildIdNote(id).subarray(0, 30), null],
    ['a build-id of 4 bytes', buildIdNote('aabbccdd'), null],
    ['sizes beyond the end', Buffer.from('ffffffffffffffff03000000474e5500', 'hex'), null],
  ])('%s', (_what, note, expected) => expect(buildIdOf(note)).toBe(expected));

  test('any bytes give a build-id or none', () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) =>
        [null, 'string'].includes(buildIdOf(Buffer.from(bytes)) === null ? null : 'string'),
      ),
    ));
});

describe('kallsyms', () => {
  const KERNEL =
    '0000000000000000 T _stext\n0000000000000000 T klp_enable_patch\n0000000000000000 t ' +
    'klp_init_patch.part.0\n0000000000000000 T _etext\n';
  test.each<[string, string, object]>([
    ['the whole kernel', KERNEL, { complete: true, symbols: ['klp_enable_patch', 'klp_init_patch.part.0'] }],
    [
      'names of modules are not the kernel’s',
      `${KERNEL}0000000000000000 t klp_other\t[lp_1]\n`,
      { complete: true, symbols: ['klp_enable_patch', 'klp_init_patch.part.0'] },
    ],
    ['cut in a line', KERNEL.slice(0, -3), { complete: false }],
    [
      'cut between lines',
      KERNEL.slice(0, KERNEL.lastIndexOf('0000')),
      { complete: false, symbols: ['klp_enable_patch', 'klp_init_patch.part.0'] },
    ],
    ['a line of junk', `junk\n${KERNEL}`, { complete: false }],
    [
      'a line of nothing',
      `${KERNEL}\n`,
      { complete: false, symbols: ['klp_enable_patch', 'klp_init_patch.part.0'] },
    ],
    [
      'two lines with another end',
      KERNEL.replace('\n', '\r'),
      { complete: false, symbols: ['klp_init_patch.part.0'] },
    ],
    [
      'a longer name is another symbol',
      KERNEL.replace('_stext', '_stext_end').replace('klp_enable', 'x_klp_enable'),
      { complete: false, symbols: ['klp_init_patch.part.0'] },
    ],
    ['nothing', '', { complete: false, symbols: [] }],
  ])('%s', (_what, text, expected) => expect(readKallsyms(file('kallsyms', text))).toMatchObject(expected));

  test('lines across the edges of chunks, in bounded memory', () => {
    const filler = Array.from({ length: 200_000 }, (_, index) => `0000000000000000 t filler_${index}\n`).join(
      '',
    );
    expect(readKallsyms(file('long', `0000000000000000 T _stext\n${filler}${KERNEL}`))).toMatchObject({
      complete: true,
      symbols: { length: 2 },
    });
    const hole = file('hole', '');
    truncateSync(hole, 2 ** 38);
    expect(readKallsyms(hole)).toEqual({ complete: false, symbols: [] });
  });
});

describe('BTF', () => {
  /** Writes BTF of structures: name and members. */
  function btf(structures: readonly [string, readonly string[]][], little = true): Buffer {
    let strings = '\0';
    const name = (text: string): number => {
      strings += `${text}\0`;
      return strings.length - text.length - 1;
    };
    const words = structures.flatMap(([structure, members]) => [
      name(structure),
      (4 << 24) | members.length,
      24,
      ...members.flatMap((member) => [name(member), 1, 0]),
    ]);
    const types = [name('long'), 1 << 24, 8, 64, ...words];
    const header = [24, 0, types.length * 4, types.length * 4, strings.length];
    const bytes = Buffer.alloc(4 + header.length * 4 + types.length * 4);
    if (little) bytes.writeUInt16LE(0xeb9f, 0);
    else bytes.writeUInt16BE(0xeb9f, 0);
    bytes[2] = 1;
    [...header, ...types].forEach((word, index) =>
      little
        ? bytes.writeUInt32LE(word >>> 0, 4 + index * 4)
        : bytes.writeUInt32BE(word >>> 0, 4 + index * 4),
    );
    return Buffer.concat([bytes, Buffer.from(strings)]);
  }
  const STATE = ['id', 'version', 'data'] as const;

  test.each<[string, Buffer, string[] | null]>([
    ['the fields in their order', btf([['klp_state', STATE]]), [...STATE]],
    ['of a big-endian kernel', btf([['klp_state', STATE]], false), [...STATE]],
    ['a kernel without the structure', btf([['klp_patch', ['mod']]]), null],
    ['a longer name is another structure', btf([['klp_state_x', ['a']]]), null],
    [
      'the same twice',
      btf([
        ['klp_state', STATE],
        ['klp_state', STATE],
      ]),
      [...STATE],
    ],
    [
      'two that differ',
      btf([
        ['klp_state', STATE],
        ['klp_state', ['id']],
      ]),
      null,
    ],
  ])('%s', (_what, bytes, expected) => expect(structMembers(bytes, 'klp_state')).toEqual(expected));

  test('any change of its bytes is an answer or a RangeError, never a crash', () => {
    const good = btf([
      ['klp_state', STATE],
      ['klp_patch', ['mod', 'objs']],
    ]);
    const change = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.nat(good.length),
        (changes, length) => {
          const bytes = Buffer.from(good.subarray(0, length));
          for (const { at, byte } of changes) if (at < length) bytes[at] = byte;
          try {
            structMembers(bytes, 'klp_state');
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

test.each([
  ['7.3.4+deb13-cloud-amd64', 'x86_64'],
  ['6.1.0-56-arm64', 'aarch64'],
  ['5.14.0-70.el9.x86_64', 'x86_64'],
  ['5.14.0-70.el9.aarch64+64k', 'aarch64'],
  ['6.8.0-31-generic', null],
  ['6.4.0-150600.21-default', null],
])('the release %s names the architecture %s', (release, arch) => expect(archOfRelease(release)).toBe(arch));

test('the architecture of a tree: a module, the kernel, the release, the compiler, else unknown', () => {
  const said: string[] = [];
  const arch = (module: string | null, kernel: string | null, release: string, banner: string | null) =>
    archOfTree(module, kernel, release, banner, said);
  expect(arch('s390x', 'aarch64', '6.1.0-amd64', null)).toBe('s390x');
  expect(arch(null, 'ppc64le', '6.4.0-150600.23.25-default', null)).toBe('ppc64le');
  expect(
    arch(
      null,
      null,
      '6.8.0-31-generic',
      'Linux version 6.8.0 (b@c) (aarch64-linux-gnu-gcc-13 (Ubuntu) 13.2.0) #1',
    ),
  ).toBe('aarch64');
  expect(said).toEqual([]);
  expect(arch(null, null, '6.8.0-31-generic', null)).toBe('unknown');
  expect(said).toEqual(['the architecture of the tree is unknown; set --arch']);
});

test('the distribution, quoted in every way', () => {
  const path = file(
    'os-release',
    'NAME="x"\nID=debian\nVERSION_ID=\'12\'\nPRETTY_NAME="Debian \\"bookworm\\""\n# a comment\n',
  );
  expect(readDistribution([join(folder, 'none'), path])).toEqual({
    id: 'debian',
    version: '12',
    name: 'Debian "bookworm"',
  });
  expect(readDistribution([])).toBeNull();
});

test('a machine id never leaves as it is', () => {
  const hash = readMachine(file('machine-id', '0123456789abcdef0123456789abcdef\n'));
  // HMAC-SHA256 with the machine id as the key, as Python's hmac module makes it
  expect(hash).toBe('336720f74a5d860b8b5b1846b5e90fdf003d26ac154deb00aaf4a5bbcea571c1');
});

test.each(['01234567-89ab-cdef-0123-456789abcdef\n', '0123456789ABCDEF0123456789ABCDEF\n'])(
  '%j is the same machine id',
  (text) =>
    expect(readMachine(file('machine-id', text))).toBe(
      '336720f74a5d860b8b5b1846b5e90fdf003d26ac154deb00aaf4a5bbcea571c1',
    ),
);

describe('lines of /proc/modules', () => {
  const paths = pathsOf({ sys: folder, proc: folder, libModules: folder, kpatch: folder, system: null });
  const read = (text: string) => {
    file('modules', text);
    const unread: string[] = [];
    return { lines: readProcModules(paths, unread), unread };
  };

  test.each<[what: string, line: string, expected: object]>([
    [
      'an address',
      'lp_1 12288 1 - Live 0xffffffffc0601000 (OEK)',
      { state: 'Live', taint: 'OEK', refcount: 1 },
    ],
    [
      'an address that is not shown',
      'lp_1 12288 1 - Live 0x0000000000000000 (OEK)',
      { state: 'Live', taint: 'OEK' },
    ],
    [
      'an address that is not known yet',
      'lp_1 12288 1 - Live (____ptrval____) (OEK)',
      { state: 'Live', taint: 'OEK' },
    ],
    ['no address', 'lp_1 12288 1 - Live (OEK)', { state: 'Live', taint: 'OEK' }],
    ['no address and no taint', 'lp_1 12288 1 - Live', { state: 'Live', taint: '' }],
    [
      'a module that is being loaded',
      'lp_1 12288 1 - Loading 0xffffffffc0601000 (OEK+)',
      { state: 'Loading', taint: 'OEK' },
    ],
    [
      'a module that is being removed',
      'lp_1 12288 0 - Unloading 0xffffffffc0601000 (OEK-)',
      { state: 'Going', taint: 'OEK', refcount: 0 },
    ],
    [
      'a kernel that removes no modules',
      'lp_1 12288 - - Live 0xffffffffc0601000',
      { state: 'Live', refcount: null },
    ],
  ])('%s', (_what, line, expected) =>
    expect(read(`${line}\n`)).toMatchObject({ lines: [{ name: 'lp_1', ...expected }], unread: [] }),
  );

  test.each(['lp_1', 'lp_1 12288 1 - Alive 0x0', 'lp_1 12288 1 - Live 0xg (OEK)', ' 1 2 3'])(
    '%j is none, and is said',
    (line) =>
      expect(read(`${line}\n`)).toEqual({
        lines: [],
        unread: [expect.stringMatching(/modules: line 1 is not a line of \/proc\/modules$/)],
      }),
  );
});

test('texts become UUIDs, and UUIDs stay', () => {
  expect(uuidFrom('web-1')).toBe('291537cb-f174-5a8a-b459-f545873a2c8f');
  expect(uuidFrom('0B6B8E1A-2F0E-4C0C-9A3E-1F2D3C4B5A69')).toBe('0b6b8e1a-2f0e-4c0c-9a3e-1f2d3c4b5a69');
});

test('the version is that of the package', async () => {
  const { readFileSync } = await import('node:fs');
  expect(
    (JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8')) as { version: string }).version,
  ).toBe(VERSION);
});
