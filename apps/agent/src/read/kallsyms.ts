import { closeSync } from 'node:fs';
import type { Report } from '@klpreg/wire';
import { openPlain, readMore } from './attribute.js';

type Kallsyms = NonNullable<Report['capabilities']['kallsyms']>;

const CHUNK = 1 << 16;
const MAX_LINE_LENGTH = 4096;
const MAX_NAME_LENGTH = 128;
const MAX_BYTES = 256 << 20;
const MAX_SYMBOLS = 500;
// Address (zeros without privilege), type, name, and the module in brackets unless it is the kernel itself.
const LINE = /^[0-9a-f]{8,16} [A-Za-z?] (\S+)(\t\[\S+\])?$/;
// There are hundreds of thousands of lines. One expression skips all valid lines that are of no interest.
const REMARKABLE = /\n(?![0-9a-f]{8,16} [A-Za-z?] (?!klp_|_stext|_etext)\S+(?:\t\[\S+\])?(?:\n|$))[^\n]*/g;

/**
 * Returns the `klp_*` symbols of the kernel itself, without those of modules.
 *
 * Reads the file as a stream, in constant memory.
 *
 * @returns sorted names; `complete` only if all lines are
 *   valid and the kernel's text is there from `_stext` to
 *   `_etext`, which includes all of livepatch. Null without kallsyms
 */
export function readKallsyms(path: string): Kallsyms | null {
  const descriptor = openPlain(path);
  if (descriptor === null) return null;
  const seen = new Set<string>();
  const marks = new Set<string>();
  let sane = true;
  // Begins with the newline before the first incomplete line.
  let rest = '\n';
  let total = 0;
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const size = readMore(path, descriptor, chunk);
      if (size === 0) break;
      total += size;
      const text = rest + chunk.toString('latin1', 0, size);
      const end = text.lastIndexOf('\n');
      const lines = text.slice(0, end);
      rest = text.slice(end);
      for (const [remarkable] of lines.matchAll(REMARKABLE)) {
        const [, name, module] = LINE.exec(remarkable.slice(1)) ?? [];
        if (name === undefined) sane = false;
        else if (module === undefined && name.startsWith('klp_') && name.length <= MAX_NAME_LENGTH)
          seen.add(name);
        else if (name === '_stext' || name === '_etext') marks.add(name);
      }
      if (rest.length > MAX_LINE_LENGTH || total > MAX_BYTES || seen.size > MAX_SYMBOLS) {
        sane = false;
        break;
      }
    }
  } finally {
    closeSync(descriptor);
  }
  return {
    complete: sane && rest === '\n' && marks.size === 2,
    symbols: [...seen].sort().slice(0, MAX_SYMBOLS),
  };
}
