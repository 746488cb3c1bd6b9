import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { extract } from 'tar';

/** Unpacks captured modules of one kernel for one test file. @returns their folder */
export function unpackModules(kernel: '6.1' | '7.3', names: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'klpreg-cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  extract(
    {
      sync: true,
      cwd: folder,
      strip: 1,
      file: path.join(__dirname, `../../../libs/module/fixtures/modules-${kernel}.tar.gz`),
    },
    names.map((name) => `${kernel}/${name}.ko`),
  );
  return folder;
}
