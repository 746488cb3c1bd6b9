import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { project } from './run-simulator.js';

// no bench is run: that takes minutes, and figures of a loaded machine are not comparable
const folder = path.join(project, 'apps/simulator/bench');
const programs = [
  'apps/simulator/bench',
  'apps/server/bench',
  'apps/agent/bench',
  'libs/module/bench',
  'libs/compat/bench',
].flatMap((room) => readdirSync(path.join(project, room)).map((file) => path.join(room, file)));
const node = (...args: string[]) =>
  spawnSync(process.execPath, args, { encoding: 'utf8', cwd: project, timeout: 20_000 });
const figuresFile = JSON.stringify(path.join(folder, 'figures.mjs'));
const exported = node(
  '--input-type=module',
  '-e',
  `console.log(JSON.stringify(await import(${figuresFile})))`,
);
const { BENCHES, OPTIONAL, LONG } = JSON.parse(exported.stdout) as {
  BENCHES: Record<string, Record<string, string | null>>;
  OPTIONAL: Record<string, string | null>;
  LONG: string[];
};
const figures = [...Object.values(BENCHES), OPTIONAL].flatMap((of) => Object.keys(of));

test.each(programs)('%s has valid syntax', (file) => {
  expect(node('--check', file)).toMatchObject({ status: 0, stderr: '' });
});

test('--help names every bench and those that a run without names omits', () => {
  const { status, stderr } = node('apps/simulator/bench/run.mjs', '--help');
  expect(status).toBe(0);
  expect(/^benches: (.*)$/m.exec(stderr)![1]!.split(', ')).toEqual(Object.keys(BENCHES));
  for (const name of LONG) expect(stderr).toMatch(new RegExp(`^Without names: .*\\b${name}\\b`, 'm'));
});

test.each<[args: string[], message: string]>([
  [['run.mjs', 'nothing'], 'unknown: nothing'],
  [['run.mjs', '--small'], 'unknown: --small'],
  [['run.mjs', '--hosts', '10'], 'usage: npm run bench'],
  [['run.mjs', '--hosts', 'many', 'engine'], 'usage: npm run bench'],
  [['size.mjs'], 'usage: node size.mjs HOSTS SECONDS NAME…'],
  [['size.mjs', '1000', '1', 'engine'], 'usage: node size.mjs'],
  [['size.mjs', '1000', '1', 'own-labels', 'question'], 'usage: node size.mjs'],
])('%j is rejected with the allowed values', ([program, ...args], message) => {
  const { status, stderr } = node(path.join(folder, program!), ...args);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});

/**
 * The figures' names in the source of the programs. A template such as `p99, ${where}` becomes a pattern.
 * Templates without a fixed word are left out: they pass on the figures of another bench.
 */
const patterns = programs
  .flatMap((file) => [
    ...readFileSync(path.join(project, file), 'utf8').matchAll(
      /(?:metric: |figure\(|emit\()\s*(['`])(.*?)\1/g,
    ),
  ])
  .filter(([, , name]) => /[a-z]/.test(name!.replace(/\$\{.*?\}/g, '')))
  .map(
    ([, , name]) =>
      new RegExp(
        `^${name!.replace(/[.*+?()[\]\\^|]/g, '\\$&').replace(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, '.*')}$`,
      ),
  );
const namesIn = (figure: string): string[] =>
  Object.keys(BENCHES)
    .concat('fill')
    .filter((bench) => figure.startsWith(`${bench} `))
    .map((bench) => figure.slice(bench.length + 1))
    .flatMap((name) => [name, ...namesIn(name)]);

test('a program emits every figure in figures.mjs', () => {
  expect(figures.length).toBeGreaterThan(40);
  const isEmitted = (figure: string) =>
    namesIn(figure).some((name) => patterns.some((pattern) => pattern.test(name)));
  expect(figures.filter((figure) => !isEmitted(figure))).toEqual([]);
});

test('figures.mjs has every figure that a program emits', () => {
  const names = figures.flatMap(namesIn);
  const isListed = (pattern: RegExp) => names.some((name) => pattern.test(name));
  expect(patterns.filter((pattern) => !isListed(pattern))).toEqual([]);
});

test('the container and the benches run the server with the flags of npm start', () => {
  const text = (file: string) => readFileSync(path.join(project, file), 'utf8');
  const flags = (JSON.parse(text('package.json')) as { scripts: { start: string } }).scripts.start.match(
    /--[a-z-]+=\d+/g,
  )!;
  expect(flags.length).toBeGreaterThan(0);
  const [, command] = /^CMD (\[.*dist\/main\.js"\])$/m.exec(text('apps/server/Dockerfile'))!;
  expect(JSON.parse(command!)).toEqual(['node', ...flags, 'apps/server/dist/main.js']);
  expect(text('apps/simulator/bench/registry.mjs')).not.toMatch(/semi-space/);
});
