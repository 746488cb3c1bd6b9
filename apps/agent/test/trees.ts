import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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

/** The captured trees of a kernel, unpacked; `at('enabling/stalled')` is the root of one. */
export function unpackTrees(into: string, kernel: Kernel) {
  execFileSync('tar', ['xzf', join(FIXTURES, `trees-${kernel}.tar.gz`), '-C', into]);
  const root = join(into, kernel);
  const names = readdirSync(root).flatMap((scenario) => readdirSync(join(root, scenario)).map((moment) => `${scenario}/${moment}`));
  return { names: names.sort(), at: (name: string) => join(root, name) };
}

/** The module files of a kernel. */
export function unpackModules(into: string, kernel: Kernel): string {
  const folder = join(into, `modules-${kernel}`);
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['xzf', join(MODULES, `modules-${kernel}.tar.gz`), '-C', folder]);
  return folder;
}
