import type { Relocations } from '../elf/relocations.js';
import { lengthWithoutRdi } from './without-rdi.js';

/*
 * The little of x86-64 that must be understood. Bytes are named as in Intel's manual, volume 2.
 * Nothing here guesses: an instruction that is not listed is "not known", and the callers then say less.
 */

export const R_64 = 1;
const R_PC32 = 2;
const R_PLT32 = 4;
const R_32 = 10;
const R_32S = 11;
const UNDERSTOOD: readonly number[] = [R_64, R_PC32, R_PLT32, R_32, R_32S];

/** What may follow the 4 address bytes within an instruction: nothing, or an immediate of 1, 2 or 4 bytes. */
const TAILS = [4, 5, 6, 8];

/** How far before the call its argument is looked for, in bytes. */
const GAP = 64;

/**
 * How an instruction uses the bytes that its relocation names.
 *
 * EXACT: it accesses one of `starts`, or hands that address on. ADDRESS: it takes
 * `starts[0]` into a register. INDEXED: it adds a register to it. ANYTHING: not known.
 */
export interface Reach {
  readonly kind: 'EXACT' | 'ADDRESS' | 'INDEXED' | 'ANYTHING';
  readonly starts: readonly number[];
}

/**
 * Returns true if the relocation type limits the reach of the instruction. Otherwise its reach is ANYTHING.
 */
export const isUnderstood = (type: number): boolean => UNDERSTOOD.includes(type);

/**
 * Returns the bytes of the target section at which the instruction
 * may start an access, or which it passes on as an address.
 */
export function reachOf(code: Uint8Array, relocations: Relocations, next: number): Reach {
  const at = relocations.at(next);
  const to = relocations.to(next);
  switch (relocations.type(next)) {
    case R_PC32:
    case R_PLT32:
      if (isLoadOfAddress(code, at)) return { kind: 'ADDRESS', starts: [to + 4] };
      return { kind: 'EXACT', starts: (hasNoImmediate(code, at) ? [4] : TAILS).map((tail) => to + tail) };
    case R_32:
    case R_32S:
    case R_64:
      return { kind: isMoveOfAddress(code, at) ? 'ADDRESS' : 'INDEXED', starts: [to] };
    default:
      return { kind: 'ANYTHING', starts: [to] };
  }
}

/** `lea address(%rip), %register`. */
function isLoadOfAddress(code: Uint8Array, at: number): boolean {
  return (
    at >= 3 && (code[at - 3]! & 0xf8) === 0x48 && code[at - 2] === 0x8d && (code[at - 1]! & 0xc7) === 0x05
  );
}

/**
 * Returns true for a RIP-relative access of an instruction without an immediate after its address.
 *
 * ModRM says RIP-relative; these opcodes (ALU with a register,
 * `test`, `mov`, `lea`) have no immediate in any map but 0F 3A.
 */
function hasNoImmediate(code: Uint8Array, at: number): boolean {
  if (at < 3 || (code[at - 1]! & 0xc7) !== 0x05 || code[at - 3] === 0x3a) return false;
  const opcode = code[at - 2]!;
  return (opcode < 0x40 && (opcode & 7) < 4) || (opcode >= 0x84 && opcode <= 0x8b) || opcode === 0x8d;
}

/** `mov $address, %register`: REX.W C7 /0 with a register operand. */
function isMoveOfAddress(code: Uint8Array, at: number): boolean {
  return (
    at >= 3 && (code[at - 3]! & 0xf8) === 0x48 && code[at - 2] === 0xc7 && (code[at - 1]! & 0xf8) === 0xc0
  );
}

/**
 * Returns true if the instruction accesses exactly one byte at the
 * relocated address: `mov`, `set` and immediate moves of a byte.
 */
export function isByteAccess(code: Uint8Array, relocations: Relocations, next: number): number | null {
  const at = relocations.at(next);
  if (relocations.type(next) !== R_PC32 || at < 2 || (code[at - 1]! & 0xc7) !== 0x05) return null;
  const to = relocations.to(next);
  const opcode = code[at - 2]!;
  if (opcode === 0x88 || opcode === 0x8a) return to + 4;
  if (opcode === 0xc6 && code[at - 1] === 0x05) return to + 5;
  if ((opcode & 0xf0) === 0x90 && code[at - 3] === 0x0f) return to + 4;
  return null;
}

/**
 * Returns the load of a call (or tail call) whose first argument is provably the given address.
 *
 * `mov $address, %rdi` or `lea address(%rip), %rdi`, then only
 * instructions that leave %rdi alone, then `call` or `jmp`.
 * @returns where the address is loaded: the relocation, and the
 *   range that nothing may jump into; null if it is not so.
 */
export function findArgument(
  code: Uint8Array,
  relocations: Relocations,
  call: number,
  section: number,
  address: number,
): { load: number; from: number; to: number } | null {
  const callAt = relocations.at(call) - 1;
  if (callAt < 0 || !isCall(code, relocations, call)) return null;
  for (let load = call - 1; load >= 0 && callAt - relocations.at(load) < GAP; load--) {
    if (relocations.toSection(load) !== section) continue;
    const length = isLoadOfFirstArgument(code, relocations, load, address);
    const at = relocations.at(load);
    if (length > 0)
      return keepsFirstArgument(code, at + length, callAt) ? { load, from: at, to: callAt } : null;
  }
  return null;
}

/** Returns true if no instruction from `from` to `to` uses or copies %rdi. */
function keepsFirstArgument(code: Uint8Array, from: number, to: number): boolean {
  for (let here = from; here !== to;) {
    const length = lengthWithoutRdi(code, here);
    if (length === 0 || here + length > to) return false;
    here += length;
  }
  return true;
}

/** A direct call or tail call: E8 or E9, and a relocation that resolves to the symbol itself. */
export function isCall(code: Uint8Array, relocations: Relocations, next: number): boolean {
  const opcode = code[relocations.at(next) - 1];
  const type = relocations.type(next);
  return (
    (opcode === 0xe8 || opcode === 0xe9) &&
    (type === R_PC32 || type === R_PLT32) &&
    relocations.addend(next) === -4
  );
}

/**
 * Returns the size of the relocated address in an instruction
 * that loads it into %rdi. 0: any other instruction.
 */
function isLoadOfFirstArgument(
  code: Uint8Array,
  relocations: Relocations,
  next: number,
  address: number,
): number {
  const at = relocations.at(next);
  const to = relocations.to(next);
  const [before3, before2, before1] = [code[at - 3], code[at - 2], code[at - 1]];
  switch (relocations.type(next)) {
    case R_32S:
      return before3 === 0x48 && before2 === 0xc7 && before1 === 0xc7 && to === address ? 4 : 0;
    case R_PC32:
      return before3 === 0x48 && before2 === 0x8d && before1 === 0x3d && to + 4 === address ? 4 : 0;
    case R_64:
      return before2 === 0x48 && before1 === 0xbf && to === address ? 8 : 0;
    default:
      return 0;
  }
}
