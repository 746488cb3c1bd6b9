// Small captured x86-64 modules, grown to any size: by one section without a meaning, or as large modules
// really grow.

const HEADER = 64;
const ENTRY = 24;
const [PROGBITS, RELA] = [1, 4];
const [ALLOC_WRITE, ALLOC_CODE, INFO_LINK] = [3, 6, 0x40];
const [R_64, R_PC32, R_PLT32, R_32S] = [1, 2, 4, 11];
const [GLOBAL_OBJECT, GLOBAL_FUNCTION, GLOBAL_UNKNOWN] = [0x11, 0x12, 0x10];
const UNDEFINED = 0;

/**
 * As much of everything for each function as i915.ko has: Debian's 6.1.0-56-amd64 has it with 6.8 MB, 4,629
 * traced functions of 342 bytes, 9,402 symbols and 129,578 relocations (50,172 of its code, 48,336 of its
 * unwind tables). amdgpu.ko of the same kernel is alike: 19.5 MB, 26,024 symbols and 320,585 relocations.
 * Both have some 85 sections; what is built with a section for each function, as patches of kpatch-build and
 * klp-build are, has two more for each function.
 */
const EACH = { code: 10, unwind: 10, calls: 6, returns: 1 };
const FUNCTIONS_IN_10_MB = 6000;
const IMPORTS = 600;
const OBJECTS = 1500;
const OBJECT_SIZE = 32;

/** A file that is taken apart: sections with their bytes, to which more can be added, and its symbols. */
class Parts {
  constructor(file) {
    const [table, count, names] = [
      Number(file.readBigUInt64LE(0x28)),
      file.readUInt16LE(0x3c),
      file.readUInt16LE(0x3e),
    ];
    this.start = file.subarray(0, HEADER);
    this.names = names;
    this.sections = Array.from({ length: count }, (_, index) => {
      const header = Buffer.from(file.subarray(table + HEADER * index, table + HEADER * (index + 1)));
      const [type, at, size] = [
        header.readUInt32LE(4),
        Number(header.readBigUInt64LE(24)),
        Number(header.readBigUInt64LE(32)),
      ];
      return {
        header,
        isEmpty: type === 0 || type === 8,
        pieces: type === 0 || type === 8 ? [] : [file.subarray(at, at + size)],
      };
    });
    const text = this.bytes(names).toString('latin1');
    for (const section of this.sections) {
      const at = section.header.readUInt32LE(0);
      section.name = text.slice(at, text.indexOf('\0', at));
    }
    this.symtab = this.find('.symtab');
    this.strtab = this.find('.strtab');
    this.symbols = this.size(this.symtab) / ENTRY;
    this.relocated = new Map(
      this.sections.flatMap(({ header }, index) =>
        header.readUInt32LE(4) === RELA ? [[header.readUInt32LE(44), index]] : [],
      ),
    );
  }

  find = (name) => this.sections.findIndex((section) => section.name === name);
  bytes = (section) => Buffer.concat(this.sections[section].pieces);
  size = (section) => this.sections[section].pieces.reduce((sum, piece) => sum + piece.length, 0);

  /** Appends to a section. @returns where in it */
  append(section, bytes) {
    const at = this.size(section);
    this.sections[section].pieces = [this.bytes(section), bytes];
    return at;
  }

  add(name, flags, bytes, { type = PROGBITS, link = 0, info = 0, entry = 0 } = {}) {
    const header = Buffer.alloc(HEADER);
    header.writeUInt32LE(this.nameAt(name), 0);
    header.writeUInt32LE(type, 4);
    header.writeBigUInt64LE(BigInt(flags), 8);
    header.writeUInt32LE(link, 40);
    header.writeUInt32LE(info, 44);
    header.writeBigUInt64LE(8n, 48);
    header.writeBigUInt64LE(BigInt(entry), 56);
    return this.sections.push({ name, header, isEmpty: false, pieces: [bytes] }) - 1;
  }

  /** The name of a section and of its relocations end alike, and are stored once. */
  nameAt(name) {
    if (this.lastName?.text.endsWith(name)) return this.lastName.at + this.lastName.text.length - name.length;
    const text = `.rela${name}`;
    const { pieces } = this.sections[this.names];
    this.namesEnd ??= this.size(this.names);
    pieces.push(Buffer.from(`${text}\0`));
    this.lastName = { text, at: this.namesEnd };
    this.namesEnd += text.length + 1;
    return this.nameAt(name);
  }

  /** Symbols behind those that are there. @returns the number of the first */
  addSymbols(list) {
    const first = this.symbols;
    let nameAt = this.size(this.strtab);
    const entries = list.map(({ name, info, section, value = 0, size = 0 }) => {
      const entry = Buffer.alloc(ENTRY);
      entry.writeUInt32LE(nameAt, 0);
      entry.writeUInt8(info, 4);
      entry.writeUInt16LE(section, 6);
      entry.writeBigUInt64LE(BigInt(value), 8);
      entry.writeBigUInt64LE(BigInt(size), 16);
      nameAt += name.length + 1;
      return entry;
    });
    this.append(this.strtab, Buffer.from(`${list.map(({ name }) => name).join('\0')}\0`));
    this.append(this.symtab, Buffer.concat(entries));
    this.symbols += list.length;
    return first;
  }

  /** Relocations of a section, behind those that it has: `[place, type, symbol, addend]`. */
  relocate(section, list) {
    const bytes = Buffer.alloc(ENTRY * list.length);
    list.forEach(([at, type, symbol, addend], index) => {
      bytes.writeBigUInt64LE(BigInt(at), ENTRY * index);
      bytes.writeUInt32LE(type, ENTRY * index + 8);
      bytes.writeUInt32LE(symbol, ENTRY * index + 12);
      bytes.writeBigInt64LE(BigInt(addend), ENTRY * index + 16);
    });
    const known = this.relocated.get(section);
    if (known === undefined)
      this.relocated.set(
        section,
        this.add(`.rela${this.sections[section].name}`, INFO_LINK, bytes, {
          type: RELA,
          link: this.symtab,
          info: section,
          entry: ENTRY,
        }),
      );
    else this.append(known, bytes);
  }

  write() {
    const parts = [Buffer.alloc(HEADER)];
    let length = HEADER;
    const pad = () => {
      const padding = -length & 15;
      parts.push(Buffer.alloc(padding));
      length += padding;
    };
    for (const [index, { header, isEmpty }] of this.sections.entries()) {
      if (isEmpty) continue;
      pad();
      const bytes = this.bytes(index);
      header.writeBigUInt64LE(BigInt(length), 24);
      header.writeBigUInt64LE(BigInt(bytes.length), 32);
      parts.push(bytes);
      length += bytes.length;
    }
    pad();
    const file = Buffer.concat([...parts, ...this.sections.map(({ header }) => header)]);
    file.set(this.start);
    file.writeBigUInt64LE(BigInt(length), 0x28);
    file.writeUInt16LE(this.sections.length, 0x3c);
    return file;
  }

  /** Fills the file up to this size, with a section that is not loaded. */
  fill(size) {
    const section = this.add('.comment.more', 0, Buffer.alloc(0));
    const missing = size - this.write().length;
    if (missing < 0) throw new Error(`the file is ${-missing} bytes too large`);
    this.append(section, Buffer.alloc(missing & ~15, 0x2a));
    return this.write();
  }
}

/** With one more section, so large that the file has this size: all that there is to do is to hash it. */
export const growByOneSection = (file, size) => new Parts(file).fill(size);

/**
 * Adds as many functions as a module of this size has, each with a section, symbols, code, relocations and
 * table entries.
 */
export function growByFunctions(file, size) {
  const parts = new Parts(file);
  const functions = Math.floor((size / (10 * 2 ** 20)) * FUNCTIONS_IN_10_MB);
  const names = Array.from(
    { length: functions },
    (_, n) => `drv_${['probe', 'enable_pipe', 'get_hw_state', 'handle_irq_locked', 'init'][n % 5]}_${n}`,
  );
  const [data, strings] = [parts.find('.data'), parts.find('.rodata')];
  // behind everything that the patch declares
  const dataAt = parts.append(data, Buffer.alloc(OBJECT_SIZE * OBJECTS));
  const stringsAt = parts.append(strings, Buffer.from('%s: a message with a name in it\0'.repeat(functions)));
  const objects = parts.addSymbols(
    Array.from({ length: OBJECTS }, (_, n) => ({
      name: `drv_object_${n}`,
      info: GLOBAL_OBJECT,
      section: data,
      value: dataAt + OBJECT_SIZE * n,
      size: OBJECT_SIZE,
    })),
  );
  const imports = parts.addSymbols(
    Array.from({ length: IMPORTS }, (_, n) => ({
      name: `imported_function_${n}`,
      info: GLOBAL_UNKNOWN,
      section: UNDEFINED,
    })),
  );
  const bodies = names.map((_, n) => body(n));
  const first = parts.sections.length;
  const symbols = parts.addSymbols(
    names.flatMap((name, n) => {
      const size = bodies[n].code.length;
      const section = first + 2 * n;
      return [
        { name, info: GLOBAL_FUNCTION, section, value: 16, size: size - 16 },
        { name: `__pfx_${name}`, info: GLOBAL_FUNCTION, section, size: 16 },
      ];
    }),
  );
  const symbolOf = {
    function: (n) => symbols + 2 * (n % functions),
    import: (n) => imports + (n % IMPORTS),
    object: (n) => objects + (n % OBJECTS),
    string: () => stringsSymbol,
  };
  const stringsSymbol = sectionSymbol(parts, strings);
  for (const [n, { code, uses }] of bodies.entries()) {
    const section = parts.add(`.text.${names[n]}`, ALLOC_CODE, code);
    parts.relocate(
      section,
      uses.map(([at, type, what, of, addend]) => [
        at,
        type,
        symbolOf[what](of),
        what === 'string' ? stringsAt + 32 * (of % functions) : addend,
      ]),
    );
  }
  table(parts, '__mcount_loc', 8, R_64, bodies, symbolOf, () => [20]);
  table(parts, '.return_sites', 4, R_PC32, bodies, symbolOf, ({ code }) => spread(code, EACH.returns));
  table(parts, '.call_sites', 4, R_PC32, bodies, symbolOf, ({ code }) => spread(code, EACH.calls));
  table(parts, '.orc_unwind_ip', 4, R_PC32, bodies, symbolOf, ({ code }) => spread(code, EACH.unwind));
  parts.append(parts.find('.orc_unwind'), Buffer.alloc(6 * EACH.unwind * functions, 0x12));
  parts.add('.data.more', ALLOC_WRITE, Buffer.alloc(50_000, 0x11));
  return parts.fill(size);
}

const spread = ({ length }, count) =>
  Array.from({ length: count }, (_, i) => Math.floor(((length - 16) * i) / count));

/** A table of places in code, with a number of bytes for each, which a relocation fills in. */
function table(parts, name, width, type, bodies, symbolOf, placesIn) {
  const section = parts.find(name);
  const places = bodies.flatMap((one, n) => placesIn(one).map((offset) => [symbolOf.function(n), offset]));
  const at = parts.append(section, Buffer.alloc(width * places.length));
  parts.relocate(
    section,
    places.map(([symbol, offset], index) => [at + width * index, type, symbol, offset]),
  );
}

function sectionSymbol(parts, section) {
  const symtab = parts.bytes(parts.symtab);
  for (let n = 1; n < parts.symbols; n++)
    if ((symtab[n * ENTRY + 4] & 15) === 3 && symtab.readUInt16LE(n * ENTRY + 6) === section) return n;
  throw new Error('the section has no symbol');
}

/**
 * The code of a function, and what its relocations are for. It calls others, loads addresses of messages, and
 * reads data; between that it moves numbers.
 */
function body(n) {
  const pieces = [Buffer.alloc(16, 0x90)];
  const uses = [];
  let at = 16;
  const put = (hex, use) => {
    const bytes = Buffer.from(hex, 'hex');
    if (use !== undefined) uses.push([at + bytes.length - 4, ...use]);
    pieces.push(bytes);
    at += bytes.length;
  };
  put('e800000000', [R_PLT32, 'import', 0, -4]);
  for (let i = 1; i < EACH.code; i++) {
    const of = n * EACH.code + i;
    put('4889c34889d84889c34889d84889c34889d84889c34889d84889c34889d8'.slice(0, 6 * (4 + (of % 7))));
    const what = (n + i) % 10;
    if (what < 3) put('e800000000', [R_PLT32, 'import', of, -4]);
    else if (what < 6) put('e800000000', [R_PLT32, 'function', of, -4]);
    else if (what < 8) put('48c7c600000000', [R_32S, 'string', of, 0]);
    else if (what < 9) put('488b0500000000', [R_PC32, 'object', of, -4]);
    else put('48c7c700000000', [R_32S, 'object', of, 0]);
  }
  put('4889d8'.repeat(20 + (n % 40)));
  put('e900000000', [R_PLT32, 'import', 1, -4]);
  pieces.push(Buffer.alloc(-at & 15, 0xcc));
  return { code: Buffer.concat(pieces), uses };
}
