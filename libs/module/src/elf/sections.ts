import { ModuleError } from '../error.js';
import type { Bytes } from './bytes.js';

export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
const SHT_NULL = 0;
const SHF_WRITE = 1;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;
const SHF_COMPRESSED = 0x800;
const HEADER_SIZE = 64;
const FIRST_RESERVED_INDEX = 0xff00;

/**
 * One section. `offset` and `size` are in bytes and lie inside
 * the file, except for NOBITS, which has no bytes in it.
 */
export interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly writable: boolean;
  readonly loaded: boolean;
  readonly executable: boolean;
}

/**
 * Parses the section headers.
 *
 * Stricter than the kernel's `elf_validity_check()`: two sections may not share
 * bytes, so no byte has two meanings and the work is bounded by the file's size.
 * Extended numbering (more than 65,279 sections) is refused, as the kernel's loader does.
 */
export function readSections(bytes: Bytes): Section[] {
  const table = bytes.size(40);
  const count = bytes.u16(60);
  const names = bytes.u16(62);
  if (bytes.u16(58) !== HEADER_SIZE) throw malformed('section headers are not 64 bytes long');
  if (count === 0 || count >= FIRST_RESERVED_INDEX)
    throw malformed('the number of sections is 0 or in the extended form');
  if (!(table >= HEADER_SIZE && table + count * HEADER_SIZE <= bytes.length))
    throw new ModuleError('TRUNCATED', 'the section headers lie outside of the file');
  if (names === 0 || names >= count) throw malformed('there is no section name table');

  const nameTable = readHeader(bytes, table, names, () => '');
  if (nameTable.type !== SHT_STRTAB) throw malformed('the section name table is not a string table');
  const sections: Section[] = [];
  const nameAt = bytes.texts(nameTable.offset, nameTable.offset + nameTable.size);
  for (let index = 0; index < count; index++) sections.push(readHeader(bytes, table, index, nameAt));
  refuseOverlaps(sections, table, table + count * HEADER_SIZE);
  return sections;
}

function readHeader(
  bytes: Bytes,
  table: number,
  index: number,
  nameAt: (at: number) => string | null,
): Section {
  const at = table + index * HEADER_SIZE;
  const type = bytes.u32(at + 4);
  // only the low 32 flag bits have a meaning; in big-endian they are the second word
  const flags = bytes.u32(at + (bytes.little ? 8 : 12));
  const offset = bytes.size(at + 24);
  const size = bytes.size(at + 32);
  if (Number.isNaN(size)) throw malformed(`section ${index} has an absurd size`);
  if (type !== SHT_NULL && type !== SHT_NOBITS && !(offset + size <= bytes.length))
    throw new ModuleError('TRUNCATED', `section ${index} lies outside of the file`);
  const loaded = (flags & SHF_ALLOC) !== 0 && type !== SHT_NULL;
  if (loaded && (flags & SHF_COMPRESSED) !== 0) throw malformed(`section ${index} is loaded and compressed`);
  const name = type === SHT_NULL ? '' : nameAt(bytes.u32(at));
  if (name === null) throw malformed(`the name of section ${index} does not end`);
  // a literal, for thousands of sections: what is made by spreading is slow to make, and to read
  return {
    index,
    name,
    type,
    offset,
    size,
    link: bytes.u32(at + 40),
    info: bytes.u32(at + 44),
    writable: (flags & SHF_WRITE) !== 0,
    loaded,
    executable: (flags & SHF_EXECINSTR) !== 0,
  };
}

function refuseOverlaps(sections: readonly Section[], tableFrom: number, tableTo: number): void {
  const stored = sections.filter(
    (section) => section.type !== SHT_NULL && section.type !== SHT_NOBITS && section.size > 0,
  );
  const from = new Float64Array(stored.length + 2);
  const to = new Float64Array(stored.length + 2);
  from.set([0, tableFrom]);
  to.set([HEADER_SIZE, tableTo]);
  let next = 2;
  for (const { offset, size } of stored) {
    from[next] = offset;
    to[next++] = offset + size;
  }
  from.sort();
  to.sort();
  // where none begins before the one before it has ended, each end belongs to the beginning at the same place
  for (let one = 1; one < from.length; one++) {
    if (from[one]! < to[one - 1]!) throw malformed('two sections share bytes of the file');
  }
}

function malformed(message: string): ModuleError {
  return new ModuleError('MALFORMED', message);
}
