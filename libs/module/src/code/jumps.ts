import type { Relocations } from '../elf/relocations.js';
import { firstAt } from '../elf/relocations.js';

/** R_X86_64_64, PC32, PLT32, 32, 32S. R_X86_64_NONE, above all, writes nothing. */
export const WRITES_FOUR_BYTES = new Set([1, 2, 4, 10, 11]);

/**
 * Returns true if anything in this x86-64 code may jump into (from, to].
 *
 * Every byte is taken as a possible jump, wherever instructions really
 * begin: it may find a jump that is none, and never misses one.
 * Bytes that a relocation fills in are left out; jumps that carry relocations are the caller's to check.
 */
export function mayJumpInto(code: Uint8Array, relocations: Relocations, from: number, to: number): boolean {
  const hits = (target: number) => target > from && target <= to;
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at + 2 <= code.length; at++) {
    const opcode = code[at]!;
    const isShort =
      (opcode >= 0x70 && opcode <= 0x7f) || opcode === 0xeb || (opcode >= 0xe0 && opcode <= 0xe3);
    if (isShort && hits(at + 2 + view.getInt8(at + 1)) && !isFilledIn(relocations, at, 1)) return true;
    const near =
      opcode === 0xe9 || opcode === 0xe8 ? 1 : opcode === 0x0f && (code[at + 1]! & 0xf0) === 0x80 ? 2 : 0;
    if (
      near > 0 &&
      at + near + 4 <= code.length &&
      hits(at + near + 4 + view.getInt32(at + near, true)) &&
      !isFilledIn(relocations, at, near)
    )
      return true;
  }
  return false;
}

/**
 * Returns true if a relocation writes the opcode, or starts at
 * the distance after it. Only types that write 4 bytes count.
 */
function isFilledIn(relocations: Relocations, at: number, opcodeLength: number): boolean {
  for (
    let next = firstAt(relocations, at - 3);
    next < relocations.count && relocations.at(next) <= at + opcodeLength;
    next++
  ) {
    if (WRITES_FOUR_BYTES.has(relocations.type(next))) return true;
  }
  return false;
}
