import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** What a module declares by its C source: `modules.json` in the tarballs. */
export interface Declared {
  readonly name: string;
  readonly file: string;
  readonly replace: boolean;
  readonly states: readonly { readonly id: string; readonly version: number }[];
  readonly statesPtrNull: boolean;
  readonly knobs: Readonly<Record<string, string>>;
}

/** The captured modules of one kernel: files by name, and what each declares. */
export interface Captured {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly declared: readonly Declared[];
}

const FIXTURES = join(__dirname, '..', 'fixtures');
const BLOCK = 512;

export const KERNELS = ['6.1', '7.3'] as const;

/**
 * The files of a `.tar.gz` without its first folder: blocks
 * of 512 bytes, a header (name, octal size) before each file.
 */
export function readTar(packed: Uint8Array): Map<string, Buffer> {
  const tar = gunzipSync(packed);
  const files = new Map<string, Buffer>();
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const name = tar.toString('latin1', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    if (!name.endsWith('/'))
      files.set(name.slice(name.indexOf('/') + 1), tar.subarray(at + BLOCK, at + BLOCK + size));
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** Reads `modules-<kernel>.tar.gz`. */
export function readCaptured(kernel: (typeof KERNELS)[number]): Captured {
  const files = readTar(readFileSync(join(FIXTURES, `modules-${kernel}.tar.gz`)));
  const index = JSON.parse(files.get('modules.json')!.toString()) as Record<string, Omit<Declared, 'name'>>;
  return { files, declared: Object.entries(index).map(([name, module]) => ({ name, ...module })) };
}

/** One captured module of a kernel. */
export function readCapturedModule(kernel: (typeof KERNELS)[number], name: string): Buffer {
  return readCaptured(kernel).files.get(`${name}.ko`)!;
}

/** A file of `fixtures/compressed`. */
export function readCompressed(name: string): Buffer {
  return readFileSync(join(FIXTURES, 'compressed', name));
}
