import type { Bytes } from '../elf/bytes.js';
import type { Machine } from '../elf/machine.js';
import type { Relocations } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';

/**
 * How one architecture loads an address into its first argument register
 * and calls. Each step: relocation types, and opcode under a mask.
 */
interface Sequence {
  readonly load: readonly Step[];
  readonly call: Step;
  /** From the start of an instruction to the place of its relocation. */
  readonly relocatedAt: number;
  /** What the relocation's target is more than the address (s390 counts from the relocated bytes). */
  readonly excess: number;
  readonly step: number;
  /** Whole instructions of a function's prologue that compilers put between. */
  readonly between: readonly number[];
}

interface Step {
  readonly types: readonly number[];
  readonly mask: number;
  readonly opcodes: readonly number[];
}

/*
 * From each ABI's relocation numbers and instruction formats.
 * Not yet seen on captured modules of these architectures.
 */
const SEQUENCES: Readonly<Record<string, Sequence>> = {
  aarch64: {
    // adrp x0, page · add x0, x0, low 12 bits · bl or b
    load: [
      { types: [275, 276], mask: 0x9f00001f, opcodes: [0x90000000] },
      { types: [277], mask: 0xffc003ff, opcodes: [0x91000000] },
    ],
    call: { types: [282, 283], mask: 0xfc000000, opcodes: [0x94000000, 0x14000000] },
    relocatedAt: 0,
    excess: 0,
    step: 4,
    between: [0xd503201f, 0xd503233f, 0xd503245f, 0xa9bf7bfd, 0x910003fd, 0xa8c17bfd, 0xd50323bf],
  },
  s390x: {
    // larl %r2, address · brasl %r14 or jg
    load: [{ types: [19], mask: 0xffff0000, opcodes: [0xc0200000] }],
    call: { types: [19, 20], mask: 0xffff0000, opcodes: [0xc0e50000, 0xc0f40000] },
    relocatedAt: 2,
    excess: 2,
    step: 6,
    between: [],
  },
  loongarch64: {
    // pcalau12i $a0, high · addi.d $a0, $a0, low · bl or b
    load: [
      { types: [71], mask: 0xfe00001f, opcodes: [0x1a000004] },
      { types: [72], mask: 0xffc003ff, opcodes: [0x02c00084] },
    ],
    call: { types: [66], mask: 0xfc000000, opcodes: [0x54000000, 0x50000000] },
    relocatedAt: 0,
    excess: 0,
    step: 4,
    between: [],
  },
};

/** Returns true if calls can be checked on this architecture. */
export function knowsCalls(machine: Machine): boolean {
  return machine.arch in SEQUENCES || machine.arch === 'ppc64le';
}

/**
 * Returns the loads of a call whose first argument is provably the given address.
 *
 * @returns the relocations that load the address; null if the
 *   instructions before the call are not exactly the known ones.
 */
export function findSequence(
  machine: Machine,
  bytes: Bytes,
  section: Section,
  relocations: Relocations,
  call: number,
  toSection: number,
  address: number,
): number[] | null {
  const sequence = SEQUENCES[machine.arch];
  if (sequence === undefined || !matches(bytes, section, relocations, call, sequence, sequence.call))
    return null;
  const loads: number[] = [];
  let next = call;
  for (const step of sequence.load.toReversed()) {
    const below = skipBetween(bytes, section, relocations, next, sequence);
    next--;
    if (
      relocations.at(next) !== below ||
      relocations.toSection(next) !== toSection ||
      relocations.to(next) !== address + sequence.excess
    )
      return null;
    if (!matches(bytes, section, relocations, next, sequence, step)) return null;
    loads.push(next);
  }
  return loads;
}

/**
 * Returns the place of the previous relocation: in the
 * instruction before, except for allowed instructions in between.
 */
function skipBetween(
  bytes: Bytes,
  section: Section,
  relocations: Relocations,
  next: number,
  sequence: Sequence,
): number {
  const before = relocations.at(next - 1);
  let place = relocations.at(next) - sequence.step;
  while (before < place && isBetween(bytes, section, place - sequence.relocatedAt, sequence))
    place -= sequence.step;
  return place;
}

function matches(
  bytes: Bytes,
  section: Section,
  relocations: Relocations,
  next: number,
  sequence: Sequence,
  step: Step,
): boolean {
  const at = relocations.at(next) - sequence.relocatedAt;
  if (at < 0 || at + sequence.step > section.size || !step.types.includes(relocations.type(next)))
    return false;
  return step.opcodes.includes((bytes.u32(section.offset + at) & step.mask) >>> 0);
}

function isBetween(bytes: Bytes, section: Section, at: number, sequence: Sequence): boolean {
  return at >= 0 && at + 4 <= section.size && sequence.between.includes(bytes.u32(section.offset + at));
}
