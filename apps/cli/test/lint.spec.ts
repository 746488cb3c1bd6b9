import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expectGolden } from './golden.js';
import { unpackModules } from './modules.js';
import { klpreg } from './environment.js';

const folder = unpackModules('7.3', [
  'lab_r_1v1_a',
  'lab_r_1v2_2v1_a',
  'lab_r_1v1_z9_2v1_a',
  'lab_r_s0_a',
  'lab_r_1v2_cb',
  'lab_two',
  'lab_namedvm',
  'lab_r_1v1_gate',
]);
const file = (name: string) => path.join(folder, `${name}.ko`);
const lint = (words: readonly string[]) => klpreg(['patch', 'lint', ...words]);
/** A copy of a module that is signed, as `scripts/sign-file` does it; nothing here verifies the signature. */
const signed = path.join(folder, 'signed.ko');
const pkcs7 = readFileSync(path.join(__dirname, '../../../libs/module/fixtures/signatures/keyid.p7s'));
const info = Buffer.alloc(12);
info.writeUInt8(2, 2);
info.writeUInt32BE(pkcs7.length, 8);
writeFileSync(
  signed,
  Buffer.concat([
    readFileSync(file('lab_r_s0_a')),
    pkcs7,
    info,
    Buffer.from('~Module signature appended~\n'),
  ]),
);

/** A copy of a module that patches `lab_target`, under another name of the same length. */
function renamed(object: string): string {
  const copy = path.join(folder, 'renamed.ko');
  const bytes = readFileSync(file('lab_r_1v1_gate'));
  bytes.write(object, bytes.indexOf('\0lab_target\0') + 1, 'latin1');
  writeFileSync(copy, bytes);
  return copy;
}

const codes = (out: string): string[] =>
  (JSON.parse(out) as { files: { findings: { code: string }[] }[] }).files.flatMap((each) =>
    each.findings.map(({ code }) => code),
  );

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
  ['no findings', [signed], 0, []],
  ['an unsigned file is worth knowing', [file('lab_r_s0_a')], 0, ['SIGNATURE_MISSING']],
  ['an object name that no module can have is an error', [renamed('lab/target')], 1, ['OBJECT_NEVER_LOADED']],
  ['an object that is spelled vmlinux is an error', [file('lab_namedvm')], 1, ['OBJECT_SPELLED_VMLINUX']],
  ['warnings leave the exit code at 0', [file('lab_r_1v1_a')], 0, ['NO_UNPATCH_CALLBACK']],
  [
    'a version that went down is an error',
    [file('lab_r_1v1_a'), '--after', file('lab_r_1v2_2v1_a')],
    1,
    ['VERSION_WENT_DOWN', 'STATE_FORGOTTEN'],
  ],
])('%s', async (_rule, words, exit, expected) => {
  const done = await lint([...words, '-o', 'json']);
  expect(done.exit).toBe(exit);
  expect(codes(done.out)).toEqual(expect.arrayContaining(expected));
  if (expected.length === 0) expect(codes(done.out)).toEqual([]);
});

test('the author statement next to a module counts, and a contradiction to the file is an error', async () => {
  const author = path.join(folder, 'lab_r_1v2_cb.klp.yaml');
  writeFileSync(
    author,
    'schema: klp/v1\nstates:\n  - { id: 1, version: 2, what: a limit, restore: callbacks }\n',
  );
  expect(await lint([file('lab_r_1v2_cb'), '-o', 'json'])).toMatchObject({ exit: 0 });
  writeFileSync(
    author,
    'schema: klp/v1\nstates:\n  - { id: 1, version: 7, what: a limit, restore: callbacks }\n',
  );
  const { exit, out } = await lint([file('lab_r_1v2_cb'), '-o', 'json']);
  expect([exit, codes(out)]).toEqual([1, expect.arrayContaining(['VERSION_CONTRADICTED'])]);
});

test.each<[string, string[], number, string]>([
  ['a file that is not there', ['nowhere.ko', '-o', 'table'], 1, 'ENOENT'],
  [
    'an earlier one that cannot be read is a usage error',
    [file('lab_r_s0_a'), '--after', 'nowhere.ko'],
    2,
    '--after: nowhere.ko',
  ],
])('%s', async (_rule, words, exit, text) => {
  const done = await lint(words);
  expect(done.exit).toBe(exit);
  expect(done.out + done.err).toContain(text);
});
