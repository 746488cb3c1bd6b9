import type { Bytes } from '../elf/bytes.js';
import type { Machine } from '../elf/machine.js';
import { firstAt, type Relocations } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';

/** Relocation types that write nothing: 0 everywhere, 256 on aarch64. */
const NOTHING = new Set([0, 256]);

/**
 * Returns true if a branch in this code may jump into (from,
 * to]. For instructions of 4 bytes, and s390x with 2, 4 or 6.
 *
 * On s390x every halfword is taken as a possible branch, so that none is missed. Unknown architecture: yes.
 */
export function mayBranchInto(
  machine: Machine,
  bytes: Bytes,
  section: Section,
  relocations: Relocations,
  from: number,
  to: number,
): boolean {
  const isHalf = machine.arch === 's390x';
  const step = isHalf ? 2 : 4;
  const targetOf = DISTANCES[machine.arch];
  if (targetOf === undefined) return true;
  for (let at = 0; at + (isHalf ? 6 : 4) <= section.size; at += step) {
    const place = section.offset + at;
    const hit = targetOf(bytes, place).some((distance) => at + distance > from && at + distance <= to);
    if (hit && !isFilledIn(relocations, at, isHalf ? 2 : 0)) return true;
  }
  return false;
}

/** Returns the distance of a branch in bytes from its start. Nothing if the instruction is not a branch. */
const DISTANCES: Readonly<Record<string, (bytes: Bytes, place: number) => number[]>> = {
  aarch64: (bytes, place) => {
    const word = bytes.u32(place);
    if ((word & 0x7c000000) === 0x14000000) return [signed(word, 26) * 4]; // b, bl
    // b.cond, cbz, cbnz
    if (word >>> 24 === 0x54 || (word & 0x7e000000) === 0x34000000) return [signed(word >>> 5, 19) * 4];
    return (word & 0x7e000000) === 0x36000000 ? [signed(word >>> 5, 14) * 4] : []; // tbz, tbnz
  },
  ppc64le: (bytes, place) => {
    const word = bytes.u32(place);
    if (word >>> 26 === 18) return [signed(word >>> 2, 24) * 4]; // b
    return word >>> 26 === 16 ? [signed(word >>> 2, 14) * 4] : []; // bc
  },
  loongarch64: (bytes, place) => {
    const word = bytes.u32(place);
    const opcode = word >>> 26;
    const low = (word >>> 10) & 0xffff;
    if (opcode === 0x14 || opcode === 0x15) return [signed(((word & 0x3ff) << 16) | low, 26) * 4]; // b, bl
    // beqz, bnez, bceqz
    if (opcode >= 0x10 && opcode <= 0x12) return [signed(((word & 0x1f) << 16) | low, 21) * 4];
    return opcode >= 0x16 && opcode <= 0x1b ? [signed(low, 16) * 4] : []; // beq and others
  },
  s390x: (bytes, place) => {
    const opcode = bytes.u8(place);
    const short = signed(bytes.u16(place + 2), 16) * 2;
    if (opcode === 0xc0 || opcode === 0xcc) return [(bytes.u32(place + 2) | 0) * 2]; // brcl, brasl, brcth
    // brc, brct, brxh, compare and branch
    return opcode === 0xa7 || opcode === 0x84 || opcode === 0x85 || opcode === 0xec ? [short] : [];
  },
};

function signed(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}

/** Returns true if a relocation writes the distance of the branch, and so defines its target. */
function isFilledIn(relocations: Relocations, at: number, distanceAt: number): boolean {
  for (let next = firstAt(relocations, at + distanceAt); relocations.at(next) === at + distanceAt; next++) {
    if (!NOTHING.has(relocations.type(next))) return true;
  }
  return false;
}
