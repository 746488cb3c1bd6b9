import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readModule } from '@klpreg/module';

/** A captured module: its name once loaded, its build-id and its bytes. */
export interface CapturedModule {
  readonly name: string;
  readonly buildId: string;
  readonly bytes: Buffer;
}

const BLOCK = 512;
const cache = new Map<string, CapturedModule[]>();

/** The regular files of a tar archive. */
function filesOf(archive: Buffer): { name: string; bytes: Buffer }[] {
  const files: { name: string; bytes: Buffer }[] = [];
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0;) {
    const name = archive.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(archive.toString('ascii', at + 124, at + 136), 8);
    if (archive[at + 156] === 0x30)
      files.push({ name: path.basename(name), bytes: archive.subarray(at + BLOCK, at + BLOCK + size) });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** Every captured livepatch module for this kernel, `6.1` or `7.3`. */
export function allModules(kernel: string): CapturedModule[] {
  const known = cache.get(kernel);
  if (known !== undefined) return known;
  const archive = gunzipSync(
    readFileSync(path.join(__dirname, `../../../libs/module/fixtures/modules-${kernel}.tar.gz`)),
  );
  const modules = filesOf(archive)
    .filter(({ name }) => name.endsWith('.ko'))
    .flatMap(({ bytes }) => {
      const { name, buildId } = readModule(bytes);
      return buildId === null ? [] : [{ name: name.replaceAll('-', '_'), buildId, bytes }];
    });
  cache.set(kernel, modules);
  return modules;
}
