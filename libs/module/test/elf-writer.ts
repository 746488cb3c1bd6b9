/**
 * A small writer of relocatable ELF64 files, for shapes that were
 * never captured. It checks nothing: hostile files are its purpose.
 */
export const ALLOC = 2;
export const DATA = 3;
export const CODE = 6;
const PROGBITS = 1;
const SYMTAB = 2;
const STRTAB = 3;
const RELA = 4;
export const NOTE = 7;
export const NOBITS = 8;
export const OBJECT = 1;
export const FUNC = 2;

export interface WrittenSection {
  name: string;
  type: number;
  flags: number;
  bytes: Uint8Array;
  /** Size to claim, where it is not the bytes' length. */
  size?: number;
  link: number;
  info: number;
}

interface WrittenSymbol {
  name: string;
  section: number;
  value: number;
  size: number;
  type: number;
  tailOf?: { other: number; skip: number };
}

interface WrittenRelocation {
  readonly at: number;
  readonly type: number;
  readonly symbol: number;
  readonly addend: number;
}

export class ElfWriter {
  readonly sections: WrittenSection[] = [
    { name: '', type: 0, flags: 0, bytes: new Uint8Array(), link: 0, info: 0 },
  ];
  private readonly symbols: WrittenSymbol[] = [{ name: '', section: 0, value: 0, size: 0, type: 0 }];
  private readonly relocations = new Map<number, WrittenRelocation[]>();

  constructor(
    readonly machine: number,
    readonly little: boolean,
  ) {}

  section(name: string, flags: number, bytes: Uint8Array, type: number = PROGBITS): number {
    return this.sections.push({ name, type, flags, bytes, link: 0, info: 0 }) - 1;
  }

  symbol(name: string, section: number, value = 0, size = 0, type = 0): number {
    return this.symbols.push({ name, section, value, size, type }) - 1;
  }

  /** A symbol whose name is the tail of another's, from `skip` on: they share the bytes. */
  symbolWithNameOf(other: number, skip: number, section: number): number {
    return this.symbols.push({ name: '', section, value: 0, size: 0, type: 0, tailOf: { other, skip } }) - 1;
  }

  /** Takes back what was relocated at this place. */
  removeRelocations(section: number, at: number): void {
    const entries = this.relocations.get(section) ?? [];
    this.relocations.set(
      section,
      entries.filter((entry) => entry.at !== at),
    );
  }

  relocate(section: number, at: number, type: number, symbol: number, addend = 0): void {
    const entries = this.relocations.get(section) ?? [];
    this.relocations.set(section, entries);
    entries.push({ at, type, symbol, addend });
  }

  write(): Buffer {
    const sections = [...this.sections];
    const symtab = sections.length;
    const symbolNames = new Names();
    const nameAt: number[] = [];
    for (const { name, tailOf } of this.symbols)
      nameAt.push(tailOf === undefined ? symbolNames.add(name) : nameAt[tailOf.other]! + tailOf.skip);
    const symbolBytes = Buffer.concat(
      this.symbols.map((symbol, index) => this.encodeSymbol(symbol, nameAt[index]!)),
    );
    sections.push({ name: '.symtab', type: SYMTAB, flags: 0, bytes: symbolBytes, link: symtab + 1, info: 1 });
    sections.push({ name: '.strtab', type: STRTAB, flags: 0, bytes: symbolNames.bytes(), link: 0, info: 0 });
    for (const [target, entries] of this.relocations) {
      sections.push({
        name: `.rela${this.sections[target]!.name}`,
        type: RELA,
        flags: 0x40,
        bytes: Buffer.concat(entries.map((entry) => this.encodeRelocation(entry))),
        link: symtab,
        info: target,
      });
    }
    const sectionNames = new Names();
    const nameOffsets = [
      ...sections.map((section) => sectionNames.add(section.name)),
      sectionNames.add('.shstrtab'),
    ];
    sections.push({
      name: '.shstrtab',
      type: STRTAB,
      flags: 0,
      bytes: sectionNames.bytes(),
      link: 0,
      info: 0,
    });
    return this.assemble(sections, nameOffsets);
  }

  private assemble(sections: readonly WrittenSection[], nameOffsets: readonly number[]): Buffer {
    const parts: Buffer[] = [Buffer.alloc(64)];
    let length = 64;
    const headers = sections.map((section, index) => {
      const padding = (8 - (length % 8)) % 8;
      const offset = length + padding;
      if (section.type !== NOBITS && section.type !== 0) {
        parts.push(Buffer.alloc(padding), Buffer.from(section.bytes));
        length = offset + section.bytes.length;
      }
      return Buffer.concat([
        this.u32(nameOffsets[index]!, section.type),
        this.u64(section.flags, 0, offset, section.size ?? section.bytes.length),
        this.u32(section.link, section.info),
        this.u64(8, 0),
      ]);
    });
    const tableAt = length + ((8 - (length % 8)) % 8);
    parts.push(Buffer.alloc(tableAt - length), ...headers);
    const file = Buffer.concat(parts);
    file.set([0x7f, 0x45, 0x4c, 0x46, 2, this.little ? 1 : 2, 1]);
    file.set(
      Buffer.concat([
        this.u16(1, this.machine),
        this.u32(1),
        this.u64(0, 0, tableAt),
        this.u32(0),
        this.u16(64, 0, 0, 64, sections.length, sections.length - 1),
      ]),
      16,
    );
    return file;
  }

  private encodeSymbol(symbol: WrittenSymbol, nameAt: number): Buffer {
    return Buffer.concat([
      this.u32(nameAt),
      Buffer.from([(symbol.section === 0 ? 0x10 : 0) | symbol.type, 0]),
      this.u16(symbol.section),
      this.u64(symbol.value, symbol.size),
    ]);
  }

  private encodeRelocation({ at, type, symbol, addend }: WrittenRelocation): Buffer {
    return Buffer.concat([
      this.u64(at),
      this.little ? this.u32(type, symbol) : this.u32(symbol, type),
      this.u64(addend),
    ]);
  }

  u16(...values: number[]): Buffer {
    return this.encode(values, 2);
  }

  u32(...values: number[]): Buffer {
    return this.encode(values, 4);
  }

  u64(...values: (number | bigint)[]): Buffer {
    return this.encode(values, 8);
  }

  private encode(values: readonly (number | bigint)[], size: number): Buffer {
    return Buffer.concat(
      values.map((value) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
        return this.little ? bytes.subarray(0, size) : bytes.subarray(0, size).reverse();
      }),
    );
  }
}

class Names {
  private readonly parts: string[] = [''];
  private length = 1;

  add(name: string): number {
    if (name === '') return 0;
    const at = this.length;
    this.parts.push(name);
    this.length += name.length + 1;
    return at;
  }

  bytes(): Buffer {
    return Buffer.from(`${this.parts.join('\0')}\0`);
  }
}
