import type { ElfFile, Place } from '../elf/file.js';
import type { Relocations } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';
import type { EnableCalls } from './enable-calls.js';

/*
 * How code of ppc64le loads an address and calls. From the ELFv2 ABI and the Power ISA; D is bits 21 to 25, A
 * is 16 to 20. Kernel modules are compiled with -mcmodel=large: addresses stand in `.toc`, and code loads
 * them from there relative to %r2.
 */
const REL24 = [10, 116]; // and REL24_NOTOC
const TOC16_LO = 48;
const TOC16_HA = 50;
const TOC16_LO_DS = 64;
const PCREL34 = 132;
const GOT_PCREL34 = 133;
const TOC = '.toc';
const R1 = 1;
const R2 = 2;
const R3 = 3;

/** How far before the call its argument is looked for, in bytes. */
const GAP = 64;
const MFLR_R0 = 0x7c0802a6;
/** lwz, lbz, lhz; stw, stb, sth. What they access by an address from `.toc` is a use of that entry. */
const LOADS = new Set([32, 34, 40]);
const STORES = new Set([36, 38, 44]);
const NOPS = new Set([0x60000000, 0x60420000]);

/**
 * Returns the loads of a call whose first argument (%r3) is provably the given address.
 *
 * Known are `addis` and `addi`, `addis` and `ld` from `.toc`, and the prefixed `paddi` and
 * `pld`. Between them, and before the call, only instructions that leave these registers alone.
 * @returns the relocations that load the address; null if the instructions are not exactly the known ones.
 */
export function findPpcArgument(
  file: ElfFile,
  section: Section,
  relocations: Relocations,
  call: number,
  patch: Place,
): number[] | null {
  const wordAt = (at: number) => file.bytes.u32(section.offset + at);
  const callAt = relocations.at(call);
  if (
    callAt + 4 > section.size ||
    !REL24.includes(relocations.type(call)) ||
    (wordAt(callAt) & 0xfc000002) >>> 0 !== 0x48000000
  )
    return null;
  let next = call - 1;
  let low: { readonly load: number; readonly base: number } | null = null;
  for (let at = callAt - 4; at >= 0 && callAt - at <= GAP; at -= 4) {
    const word = wordAt(at);
    if (
      low === null &&
      relocations.at(next) === at - 4 &&
      isPrefixedLoad(relocations, next, wordAt(at - 4), word)
    )
      return pointsTo(relocations, next, patch.section.index, patch.offset) ? [next] : null;
    const isRelocated = relocations.at(next) === at;
    if (isRelocated && low === null && (word & 0xffe00000) >>> 0 === lowOpcode(relocations.type(next))) {
      if (!pointsToPatch(file, relocations, next, patch)) return null;
      low = { load: next, base: a(word) };
      if (relocations.type(next) === TOC16_LO_DS && (word & 3) !== 0) return null;
    } else if (isRelocated && low !== null && relocations.type(next) === TOC16_HA && d(word) === low.base) {
      const isHigh = (word & 0xfc1f0000) >>> 0 === 0x3c020000; // addis base, %r2, high
      return isHigh && pointsTo(relocations, next, relocations.toSection(low.load), relocations.to(low.load))
        ? [low.load, next]
        : null;
    } else if (!isNeutral(word, [R2, R3, ...(low === null ? [] : [low.base])])) return null;
    if (isRelocated) next--;
  }
  return null;
}

/** `ld %r3, low(A)` of an entry of `.toc`, or `addi %r3, A, low`. */
function lowOpcode(type: number): number {
  return type === TOC16_LO_DS ? 0xe8600000 : type === TOC16_LO ? 0x38600000 : Number.NaN;
}

/** `paddi %r3, 0, distance` or `pld %r3, distance`, relative to the instruction. */
function isPrefixedLoad(relocations: Relocations, next: number, prefix: number, suffix: number): boolean {
  const type = relocations.type(next);
  if (type === PCREL34) return prefix === 0x06100000 && suffix === 0x38600000;
  return type === GOT_PCREL34 && prefix === 0x04100000 && suffix === 0xe4600000;
}

function pointsToPatch(
  file: ElfFile,
  relocations: Relocations,
  next: number,
  { section, offset }: Place,
): boolean {
  if (relocations.type(next) === TOC16_LO) return pointsTo(relocations, next, section.index, offset);
  const toc = file.sections[relocations.toSection(next)];
  if (toc?.name !== TOC) return false;
  const entry = file.pointer(toc, relocations.to(next));
  return entry !== null && entry.section === section && entry.offset === offset;
}

function pointsTo(relocations: Relocations, next: number, section: number, offset: number): boolean {
  return relocations.toSection(next) === section && relocations.to(next) === offset;
}

const d = (word: number): number => (word >>> 21) & 31;
const a = (word: number): number => (word >>> 16) & 31;
const b = (word: number): number => (word >>> 11) & 31;

/**
 * Returns true if the instruction provably does not use these
 * registers, does not copy %r3, and continues with the next one.
 */
function isNeutral(word: number, kept: readonly number[]): boolean {
  if (NOPS.has(word) || word === MFLR_R0) return true;
  const opcode = word >>> 26;
  const isKept = (register: number) => kept.includes(register);
  if (opcode === 14 || opcode === 15 || (opcode === 58 && (word & 3) === 0))
    return !isKept(d(word)) && d(word) !== R1 && a(word) !== R3; // addi, addis, ld
  if (LOADS.has(opcode)) return !isKept(d(word)) && d(word) !== R1 && a(word) !== R3;
  if (STORES.has(opcode)) return d(word) !== R3 && a(word) !== R3;
  if (opcode === 62 && (word & 3) < 2) return d(word) !== R3 && a(word) === R1; // std, stdu to the stack
  return (
    opcode === 31 &&
    ((word >>> 1) & 0x3ff) === 444 &&
    !isKept(a(word)) &&
    a(word) !== R1 &&
    d(word) !== R3 &&
    b(word) !== R3
  ); // or, mr
}

/** Finds the entries of `.toc` that code uses for anything except passing the patch to the livepatch core. */
export class TocUses {
  private readonly used = new Set<number>();
  private isAnyUsed = false;
  private readonly toc: Section | null;

  constructor(file: ElfFile, enableCalls: EnableCalls) {
    this.toc = file.machine.arch === 'ppc64le' ? file.section(TOC) : null;
    if (this.toc === null) return;
    for (const { section, relocations, entries } of file.relocations.uses(
      file.symbols.inSections([this.toc]),
    )) {
      for (const next of entries) {
        if (enableCalls.get(section.index)?.has(next) === true) continue;
        this.used.add(relocations.to(next));
        this.isAnyUsed ||= relocations.to(next) % 8 !== 0;
      }
    }
  }

  isToc(section: Section): boolean {
    return section === this.toc;
  }

  /** Returns true if the entry at this place is used. A use of no entry's start may be of any entry. */
  isUsed(at: number): boolean {
    return this.isAnyUsed || this.used.has(at);
  }

  /**
   * Returns true if an entry has the address of the module's own
   * structure, which a patch that is built at load time needs.
   */
  static namesThisModule(file: ElfFile): boolean {
    const toc = file.machine.arch === 'ppc64le' ? file.section(TOC) : null;
    const relocations = toc === null ? null : file.relocations.of(toc);
    if (relocations === null) return false;
    for (let next = 0; next < relocations.count; next++)
      if (file.sections[relocations.toSection(next)]?.name === '.gnu.linkonce.this_module') return true;
    return false;
  }
}
