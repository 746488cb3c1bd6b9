import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { klpreg } from './environment.js';
import { expectGolden } from './golden.js';
import { unpackModules } from './modules.js';

const folder = unpackModules('7.3', [
  'lab_r_1v2_2v1_a',
  'lab_r_1v2_cb',
  'lab_r_s0_a',
  'lab_r_u64max_a',
  'lab_r_1v1_dyn',
]);
const file = (name: string) => path.join(folder, `${name}.ko`);
const statement = (name: string) => path.join(folder, `${name}.klp.yaml`);
const write = (name: string, ...flags: string[]) => klpreg(['patch', 'statement', file(name), ...flags]);
const lint = async (name: string) => {
  const { exit, out } = await klpreg(['patch', 'lint', file(name), '-o', 'json']);
  const [linted] = (JSON.parse(out) as { files: { errors: string[]; findings: { code: string }[] }[] }).files;
  return { exit, errors: linted!.errors, codes: linted!.findings.map(({ code }) => code) };
};

test('the template has the states of the module, and names what only the author knows', async () => {
  const { exit, out } = await write('lab_r_1v2_2v1_a', '-o', 'table');
  expect(exit).toBe(0);
  expect(out).toContain('Fill in its empty fields');
  expectGolden(
    'statement.yaml',
    readFileSync(statement('lab_r_1v2_2v1_a'), 'utf8').replaceAll(`${folder}/`, ''),
  );
});

test('it is an author statement once it is filled in, and names the empty fields before', async () => {
  await write('lab_r_1v2_cb');
  const text = readFileSync(statement('lab_r_1v2_cb'), 'utf8');
  expect(await lint('lab_r_1v2_cb')).toMatchObject({
    exit: 1,
    errors: [expect.stringContaining('/states/0/what')],
  });
  writeFileSync(
    statement('lab_r_1v2_cb'),
    text
      .replace('what:\n', 'what: the limit of the cache\n')
      .replace('restore: unknown', 'restore: callbacks'),
  );
  expect(await lint('lab_r_1v2_cb')).toMatchObject({ exit: 0, errors: [] });
});

test.each<[name: string, state: string]>([
  ['lab_r_u64max_a', 'id: 18446744073709551615'],
  ['lab_r_s0_a', 'states: [] # the module declares none'],
  ['lab_r_1v1_dyn', 'They cannot be read from the module'],
])('%s: %s', async (name, state) => {
  expect((await write(name)).exit).toBe(0);
  expect(readFileSync(statement(name), 'utf8')).toContain(state);
});

test('without a state to describe, it is a statement at once', async () => {
  await write('lab_r_s0_a', '--force');
  expect((await lint('lab_r_s0_a')).errors).toEqual([]);
});

test('a statement that exists is overwritten with --force only', async () => {
  await write('lab_r_s0_a', '--force');
  writeFileSync(statement('lab_r_s0_a'), 'mine');
  const { exit, err } = await write('lab_r_s0_a');
  expect([exit, err]).toEqual([2, expect.stringContaining('--force overwrites it')]);
  expect(readFileSync(statement('lab_r_s0_a'), 'utf8')).toBe('mine');
  expect((await write('lab_r_s0_a', '--force')).exit).toBe(0);
});

test('of a file that is no module, none is written', async () => {
  writeFileSync(file('text'), 'text');
  const { exit } = await write('text');
  expect([exit, existsSync(statement('text'))]).toEqual([1, false]);
});
