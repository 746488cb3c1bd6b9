import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { project } from './simulated.js';

/** Nothing is measured here: that takes minutes, and figures of a busy machine say nothing. */
const folder = path.join(project, 'apps/simulator/bench');
const programs = ['apps/simulator/bench', 'apps/server/bench', 'apps/agent/bench', 'libs/module/bench', 'libs/compat/bench'].flatMap((room) =>
  readdirSync(path.join(project, room)).map((file) => path.join(room, file)),
);
const node = (...words: string[]) => spawnSync(process.execPath, words, { encoding: 'utf8', cwd: project, timeout: 20_000 });
const told = node('--input-type=module', '-e', `console.log(JSON.stringify(await import(${JSON.stringify(path.join(folder, 'figures.mjs'))})))`);
const { BENCHES, SOMETIMES, LONG } = JSON.parse(told.stdout) as {
  BENCHES: Record<string, Record<string, string | null>>;
  SOMETIMES: Record<string, string | null>;
  LONG: string[];
};
const figures = [...Object.values(BENCHES), SOMETIMES].flatMap((of) => Object.keys(of));

test.each(programs)('%s is a program', (file) => {
  expect(node('--check', file)).toMatchObject({ status: 0, stderr: '' });
});

test('--help names every bench, and those that a run without names leaves out', () => {
  const { status, stderr } = node('apps/simulator/bench/run.mjs', '--help');
  expect(status).toBe(0);
  expect(/^benches: (.*)$/m.exec(stderr)![1]!.split(', ')).toEqual(Object.keys(BENCHES));
  for (const name of LONG) expect(stderr).toMatch(new RegExp(`^Without names: .*\\b${name}\\b`, 'm'));
});

test.each<[words: string[], said: string]>([
  [['run.mjs', 'nothing'], 'there is no nothing'],
  [['run.mjs', '--small'], 'there is no --small'],
  [['run.mjs', '--hosts', '10'], 'usage: npm run bench'],
  [['run.mjs', '--hosts', 'many', 'engine'], 'usage: npm run bench'],
  [['size.mjs'], 'usage: node size.mjs HOSTS SECONDS NAME…'],
  [['size.mjs', '1000', '1', 'engine'], 'usage: node size.mjs'],
  [['size.mjs', '1000', '1', 'own-labels', 'question'], 'usage: node size.mjs'],
])('%j measures nothing, and says what is allowed', ([program, ...words], said) => {
  const { status, stderr } = node(path.join(folder, program!), ...words);
  expect(status).toBe(2);
  expect(stderr).toContain(said);
});

/** The names in the programs' texts: one of a pattern (`p99, ${where}`) stands for whatever fits it. Those that are all pattern pass on what another bench gives. */
const patterns = programs
  .flatMap((file) => [...readFileSync(path.join(project, file), 'utf8').matchAll(/(?:metric: |figure\(|emit\()\s*(['`])(.*?)\1/g)])
  .filter(([, , name]) => /[a-z]/.test(name!.replace(/\$\{.*?\}/g, '')))
  .map(([, , name]) => new RegExp(`^${name!.replace(/[.*+?()[\]\\^|]/g, '\\$&').replace(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, '.*')}$`));
const namesIn = (figure: string): string[] =>
  Object.keys(BENCHES)
    .concat('fill')
    .filter((bench) => figure.startsWith(`${bench} `))
    .map((bench) => figure.slice(bench.length + 1))
    .flatMap((name) => [name, ...namesIn(name)]);

test('every figure that something is wanted of is one that a program can give', () => {
  expect(figures.length).toBeGreaterThan(40);
  for (const figure of figures) expect([figure, namesIn(figure).some((name) => patterns.some((pattern) => pattern.test(name)))]).toEqual([figure, true]);
});

test('every figure that a program gives is known', () => {
  const names = figures.flatMap(namesIn);
  for (const pattern of patterns) expect([pattern.source, names.some((name) => pattern.test(name))]).toEqual([pattern.source, true]);
});

test('the container and the benches run the server with the flags of npm start', () => {
  const text = (file: string) => readFileSync(path.join(project, file), 'utf8');
  const flags = (JSON.parse(text('package.json')) as { scripts: { start: string } }).scripts.start.match(/--[a-z-]+=\d+/g)!;
  expect(flags.length).toBeGreaterThan(0);
  const [, command] = /^CMD (\[.*dist\/main\.js"\])$/m.exec(text('apps/server/Dockerfile'))!;
  expect(JSON.parse(command!)).toEqual(['node', ...flags, 'apps/server/dist/main.js']);
  expect(text('apps/simulator/bench/registry.mjs')).not.toMatch(/semi-space/);
});
