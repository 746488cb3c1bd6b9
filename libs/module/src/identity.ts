import type { ElfFile } from './elf/file.js';
import { SHT_NOBITS, SHT_NOTE } from './elf/sections.js';
import { hex } from './hex.js';

const NT_GNU_BUILD_ID = 3;
const MODULE_NAME_AT = 24;

/**
 * Returns the identity of a build.
 *
 * The section holds one note, which is also what `/sys/module/M/notes/.note.gnu.build-id`
 * shows of the loaded module. Anything else is null, not a guess.
 */
export function readBuildId(file: ElfFile): string | null {
  const section = file.section('.note.gnu.build-id');
  if (section === null || section.type !== SHT_NOTE || section.size < 16) return null;
  const { bytes } = file;
  const at = section.offset;
  const size = bytes.u32(at + 4);
  if (
    bytes.u32(at) !== 4 ||
    bytes.u32(at + 8) !== NT_GNU_BUILD_ID ||
    bytes.string(at + 12, at + 16) !== 'GNU'
  )
    return null;
  if (size === 0 || section.size !== 16 + Math.ceil(size / 4) * 4) return null;
  return hex(bytes.slice(at + 16, at + 16 + size));
}

/** The name in `struct module`: what modinfo's `name=` repeats since 4.13. Null where it is not there. */
export function readStructName(file: ElfFile): string | null {
  const section = file.section('.gnu.linkonce.this_module');
  if (section === null || section.type === SHT_NOBITS || section.size < MODULE_NAME_AT + 56) return null;
  const at = section.offset + MODULE_NAME_AT;
  return file.bytes.string(at, at + 56) || null;
}
