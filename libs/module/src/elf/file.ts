import { ModuleError } from '../error.js';
import { Bytes } from './bytes.js';
import { findMachine, type Machine } from './machine.js';
import { RelocationTables } from './relocation-tables.js';
import { firstAt, type Relocations } from './relocations.js';
import { readSections, SHT_NOBITS, SHT_REL, type Section } from './sections.js';
import { Symbols } from './symbols.js';
import { WorkBudget } from './work-budget.js';

const ET_REL = 1;
const MAGIC = 0x7f454c46;

/** A place in the module: `offset` bytes into a section. */
export interface Place {
  readonly section: Section;
  readonly offset: number;
}

/** A relocatable ELF64 file, indexed: its sections, symbols, and what is relocated where. */
export class ElfFile {
  readonly bytes: Bytes;
  readonly machine: Machine;
  readonly sections: readonly Section[];
  readonly symbols: Symbols;
  readonly relocations: RelocationTables;
  readonly budget: WorkBudget;

  /** @throws ModuleError for anything but a well-formed ELF64 ET_REL file of a known architecture. */
  constructor(raw: Uint8Array) {
    if (raw.length < 4 || new Bytes(raw, false).u32(0) !== MAGIC)
      throw new ModuleError('NOT_ELF', 'not an ELF file');
    if (raw.length < 64) throw new ModuleError('TRUNCATED', 'the file ends within the ELF header');
    if (raw[4] !== 2) throw new ModuleError('NOT_ELF64', 'not a 64-bit ELF file');
    if (raw[5] !== 1 && raw[5] !== 2) throw new ModuleError('MALFORMED', 'the byte order is not known');
    this.bytes = new Bytes(raw, raw[5] === 1);
    if (this.bytes.u16(16) !== ET_REL)
      throw new ModuleError('NOT_RELOCATABLE', 'not a relocatable file: a program or library, not a module');
    const machine = findMachine(this.bytes.u16(18), this.bytes.little);
    if (machine === null)
      throw new ModuleError('UNSUPPORTED_ARCH', `ELF machine ${this.bytes.u16(18)} is not supported`);
    this.machine = machine;
    this.sections = readSections(this.bytes);
    this.budget = new WorkBudget(raw.length);
    this.symbols = new Symbols(this.bytes, this.sections, this.budget);
    this.relocations = new RelocationTables(this.bytes, this.sections, this.symbols);
  }

  /** The one section of that name; null if there is none. Two of a name would be two stories. */
  section(name: string): Section | null {
    const found = this.sections.filter((section) => section.name === name);
    if (found.length > 1) throw new ModuleError('MALFORMED', `there are two sections ${name}`);
    return found[0] ?? null;
  }

  /** The bytes of a section; NOBITS has none, whatever its header says. */
  contents(section: Section): Uint8Array {
    return section.type === SHT_NOBITS
      ? new Uint8Array()
      : this.bytes.slice(section.offset, section.offset + section.size);
  }

  /** REL relocations keep their addends in the code; no 64-bit kernel applies them. */
  get hasUnsupportedRelocations(): boolean {
    return this.sections.some(
      (section) => section.type === SHT_REL && this.sections[section.info]?.loaded === true,
    );
  }

  /** The relocations with a place in [from, to) of the section, by their numbers. */
  relocated(
    section: Section,
    from: number,
    to: number,
  ): { readonly all: Relocations; readonly first: number; readonly end: number } | null {
    const all = this.relocations.of(section);
    return all === null ? null : { all, first: firstAt(all, from), end: firstAt(all, to) };
  }

  /** Returns the relocations that overlap [from, to). One that starts up to 7 bytes earlier may reach in. */
  relocationsTouching(section: Section, from: number, to: number): number {
    const range = this.relocated(section, from - 7, to);
    return range === null ? 0 : range.end - range.first;
  }

  /**
   * Returns the target of the pointer at this place. Null if it is not one 64-bit address inside the module.
   */
  pointer(section: Section, offset: number): Place | null {
    const range = this.relocated(section, offset, offset + 8);
    if (range === null || range.end - range.first !== 1 || range.all.at(range.first) !== offset) return null;
    if (range.all.type(range.first) !== this.machine.absolute64) return null;
    const target = this.sections[range.all.toSection(range.first)];
    const to = range.all.to(range.first);
    return target !== undefined && target.index !== 0 && to >= 0 && to < target.size
      ? { section: target, offset: to }
      : null;
  }

  /**
   * Returns true if these bytes are zero before relocation.
   * NOBITS bytes are; bytes outside of the section are not.
   */
  isZero(section: Section, from: number, to: number): boolean {
    if (!(from >= 0 && to <= section.size)) return false;
    return section.type === SHT_NOBITS || this.bytes.isZero(section.offset + from, section.offset + to);
  }

  /** The number stored at this place, before relocation; null outside of the section. */
  u64(section: Section, offset: number): bigint | null {
    if (!(offset >= 0 && offset + 8 <= section.size)) return null;
    return section.type === SHT_NOBITS ? 0n : this.bytes.u64(section.offset + offset);
  }

  u8(section: Section, offset: number): number | null {
    if (!(offset >= 0 && offset < section.size)) return null;
    return section.type === SHT_NOBITS ? 0 : this.bytes.u8(section.offset + offset);
  }

  u32(section: Section, offset: number): number | null {
    if (!(offset >= 0 && offset + 4 <= section.size)) return null;
    return section.type === SHT_NOBITS ? 0 : this.bytes.u32(section.offset + offset);
  }

  /**
   * The C string that the pointer at this place points to;
   * null if it does not point to one in loaded data.
   */
  stringAt(section: Section, offset: number): string | null {
    const to = this.pointer(section, offset);
    if (to === null || !to.section.loaded || to.section.executable || to.section.type === SHT_NOBITS)
      return null;
    const text = this.bytes.string(to.section.offset + to.offset, to.section.offset + to.section.size);
    this.budget.consumeText(text);
    return text;
  }
}
