import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expectGolden } from './golden.js';
import { unpackModules } from './modules.js';
import { klpreg } from './world.js';

const folder = unpackModules('7.3', ['lab_r_1v1_a', 'lab_r_1v2_2v1_a', 'lab_r_1v1_z9_2v1_a', 'lab_r_s0_a', 'lab_r_1v2_cb', 'lab_two']);
const file = (name: string) => path.join(folder, `${name}.ko`);
const lint = (words: readonly string[]) => klpreg(['patch', 'lint', ...words]);
const codes = (out: string): string[] =>
  (JSON.parse(out) as { files: { findings: { code: string }[] }[] }).files.flatMap((each) => each.findings.map(({ code }) => code));

test('what an author reads', async () => {
  const { exit, out } = await lint([
    file('lab_r_1v1_a'),
    file('lab_r_1v1_z9_2v1_a'),
    file('lab_r_s0_a'),
    file('lab_two'),
    '--after',
    file('lab_r_1v2_2v1_a'),
    '-o',
    'table',
  ]);
  expect(exit).toBe(1);
  expectGolden('lint.txt', out.replaceAll(`${folder}/`, ''));
});

test.each<[string, string[], number, string[]]>([
  ['nothing to say', [file('lab_r_s0_a')], 0, []],
  ['warnings leave the exit code at 0', [file('lab_r_1v1_a')], 0, ['NO_UNPATCH_CALLBACK']],
  ['a version that went down is an error', [file('lab_r_1v1_a'), '--after', file('lab_r_1v2_2v1_a')], 1, ['VERSION_WENT_DOWN', 'STATE_FORGOTTEN']],
])('%s', async (_rule, words, exit, expected) => {
  const done = await lint([...words, '-o', 'json']);
  expect(done.exit).toBe(exit);
  expect(codes(done.out)).toEqual(expect.arrayContaining(expected));
  if (expected.length === 0) expect(codes(done.out)).toEqual([]);
});

test('the word beside a module counts, and one that contradicts the file is an error', async () => {
  const author = path.join(folder, 'lab_r_1v2_cb.klp.yaml');
  writeFileSync(author, 'schema: klp/v1\nstates:\n  - { id: 1, version: 2, what: a limit, restore: callbacks }\n');
  expect(await lint([file('lab_r_1v2_cb'), '-o', 'json'])).toMatchObject({ exit: 0 });
  writeFileSync(author, 'schema: klp/v1\nstates:\n  - { id: 1, version: 7, what: a limit, restore: callbacks }\n');
  const { exit, out } = await lint([file('lab_r_1v2_cb'), '-o', 'json']);
  expect([exit, codes(out)]).toEqual([1, expect.arrayContaining(['VERSION_CONTRADICTED'])]);
});

test.each<[string, string[], number, string]>([
  ['a file that is not there', ['nowhere.ko', '-o', 'table'], 1, 'ENOENT'],
  ['an earlier one that cannot be read is a mistake', [file('lab_r_s0_a'), '--after', 'nowhere.ko'], 2, '--after: nowhere.ko'],
])('%s', async (_rule, words, exit, text) => {
  const done = await lint(words);
  expect(done.exit).toBe(exit);
  expect(done.out + done.err).toContain(text);
});
