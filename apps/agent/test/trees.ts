import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plant, type Files } from './tree.js';

export type Kernel = '6.1' | '7.3';
export const KERNELS: readonly Kernel[] = ['6.1', '7.3'];

const FIXTURES = join(__dirname, '../fixtures');
const MODULES = join(__dirname, '../../../libs/module/fixtures');

/** A folder for one test file, removed after it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'klpreg-agent-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What the lab's machines had and the captured trees lack; see the fixtures' README. */
const ADDED = JSON.parse(readFileSync(join(FIXTURES, 'added.json'), 'utf8')) as Readonly<
  Record<'files' | 'atBoot', Files>
>;

/**
 * The captured trees of a kernel, unpacked, with the files
 * that they lack; `at('enabling/stalled')` is the root of one.
 */
export function unpackTrees(into: string, kernel: Kernel) {
  execFileSync('tar', ['xzf', join(FIXTURES, `trees-${kernel}.tar.gz`), '-C', into]);
  const root = join(into, kernel);
  const names = readdirSync(root).flatMap((scenario) =>
    readdirSync(join(root, scenario)).map((moment) => `${scenario}/${moment}`),
  );
  for (const name of names) plant(join(root, name), ADDED.files);
  return { names: names.sort(), at: (name: string) => join(root, name) };
}

/** The trees that were rebuilt from public reports, as they are. */
export function unpackFieldTrees(into: string) {
  execFileSync('tar', ['xzf', join(FIXTURES, 'trees-field.tar.gz'), '-C', into]);
  const root = join(into, 'field');
  return { names: readdirSync(root).sort(), at: (name: string) => join(root, name) };
}

/** The module files of a kernel. */
export function unpackModules(into: string, kernel: Kernel): string {
  const folder = join(into, `modules-${kernel}`);
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['xzf', join(MODULES, `modules-${kernel}.tar.gz`), '-C', folder]);
  return folder;
}
