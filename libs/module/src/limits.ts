import type { ElfFile } from './elf/file.js';
import { tooLarge } from './error.js';

/**
 * In bytes, as files have them once unpacked. The largest
 * modules of distributions have some 20 MiB with debug data.
 */
export const MAX_MODULE = 64 * 1024 * 1024;
/** More than any real patch declares; what the registry's messages can hold. */
export const MAX_STATES = 4096;
export const MAX_OBJECTS = 2000;
export const MAX_FUNCTIONS = 20_000;

const SECTIONS: readonly (readonly [name: RegExp, bytes: number])[] = [
  [/^\.modinfo$/, 1024 * 1024],
  [/^\.(init|exit)\.text/, 1024 * 1024],
];

/** @throws ModuleError `TOO_LARGE` for a section that is far larger than in any real module, by name. */
export function checkSections(file: ElfFile): void {
  for (const { name, size } of file.sections) {
    const limit = SECTIONS.find(([pattern]) => pattern.test(name))?.[1];
    if (limit !== undefined && size > limit)
      throw tooLarge(`bytes in section ${name.slice(0, 64)}`, size, limit);
  }
}

/** @throws ModuleError `TOO_LARGE` where there are more of something than any real patch has. */
export function checkCount(what: string, found: number, allowed: number): void {
  if (found > allowed) throw tooLarge(what, found, allowed);
}
