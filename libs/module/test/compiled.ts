import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTar } from './captured.js';

const objects = readTar(readFileSync(join(__dirname, '..', 'fixtures', 'objects', 'objects.tar.gz')));

/** One object of `fixtures/objects`: `ARCH/NAME`. */
export function readCompiled(name: string): Buffer {
  const found = objects.get(`${name}.o`);
  if (found === undefined) throw new Error(`there is no compiled object ${name}`);
  return found;
}
