import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { expectGolden } from './golden.js';
import { unpackModules } from './modules.js';
import { klpreg } from './environment.js';

const NAMES = [
  'lab_r_u64max_a',
  'lab_r_p53_a',
  'lab_r_p53p1_a',
  'lab_r_1v2_cb',
  'lab_r_1v1_dyn',
  'lab_n_1v1_z9_2v1_a',
  'lab_r_s0_a',
  'lab-dash-name',
  'lab_namedvm',
];
const folder = unpackModules('7.3', NAMES);
const file = (name: string) => path.join(folder, name);
const kos = NAMES.map((name) => file(`${name}.ko`));
const anywhere = (text: string) => text.replaceAll(`${folder}/`, '');

test('what modules declare, as JSON: an array with one object for each file', async () => {
  const { exit, out, err } = await klpreg(['patch', 'inspect', ...kos]);
  expect(exit).toBe(0);
  expect(err).toBe('');
  expectGolden('inspect.json', anywhere(out));
  const found = JSON.parse(out) as { states: { id: string }[] }[];
  expect(found.slice(0, 3).map((each) => each.states[0]!.id)).toEqual([
    '18446744073709551615',
    '9007199254740992',
    '9007199254740993',
  ]);
});

test('what modules declare, for people', async () => {
  const { exit, out } = await klpreg(['patch', 'inspect', ...kos, '-o', 'table']);
  expect(exit).toBe(0);
  expectGolden('inspect.txt', anywhere(out));
});

test('states that cannot be read are shown as unreadable, and are no error', async () => {
  const { exit, out } = await klpreg(['patch', 'inspect', file('lab_r_1v1_dyn.ko')]);
  expect(exit).toBe(0);
  expect((JSON.parse(out) as object[])[0]).toMatchObject({
    name: 'lab_r_1v1_dyn',
    states: null,
    impact: 'UNREADABLE',
    objects: null,
    callbacks: null,
    unreadable: { code: 'NO_CANDIDATE' },
  });
});

test('a compressed module is the same module', async () => {
  writeFileSync(file('packed.ko.gz'), gzipSync(readFileSync(kos[0]!)));
  const [plain, packed] = JSON.parse(
    (await klpreg(['patch', 'inspect', kos[0]!, file('packed.ko.gz')])).out,
  ) as Record<string, unknown>[];
  expect({ ...packed, file: '' }).toEqual({ ...plain, file: '' });
});

test('a file that cannot be read is an error of that file; the others are still shown', async () => {
  writeFileSync(file('text.ko'), 'not a module');
  writeFileSync(file('cut.ko'), readFileSync(kos[0]!).subarray(0, 600));
  copyFileSync(kos[0]!, file('good.ko'));
  const { exit, out, err } = await klpreg([
    'patch',
    'inspect',
    file('text.ko'),
    file('cut.ko'),
    file('missing.ko'),
    folder,
    file('good.ko'),
  ]);
  expect(exit).toBe(1);
  const found = JSON.parse(out) as {
    file: string;
    name?: string;
    error?: { code: string; message: string };
  }[];
  expect(found.map((each) => each.error?.code ?? each.name)).toEqual([
    'NOT_ELF',
    'TRUNCATED',
    'ENOENT',
    'EISDIR',
    'lab_r_u64max_a',
  ]);
  expect(Object.keys(found[0]!)).toEqual(['file', 'error']);
  expect(anywhere(err)).toContain('text.ko: not an ELF file (NOT_ELF)');
});
