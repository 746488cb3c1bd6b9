/*
 * A decoder for the x86-64 instructions that compilers use in the kernel: integers, no vectors.
 * Names and encodings are those of Intel's manual, volume 2.
 * Anything else is not decoded, and the callers then say less.
 */

/**
 * A memory operand: base + index * scale + displacement.
 * Registers are 0 (%rax) to 15; -1 where there is none.
 */
export interface Memory {
  readonly base: number;
  readonly index: number;
  readonly displacement: number;
}

export type Kind =
  | 'NOTHING'
  | 'MOVE'
  | 'ADDRESS'
  | 'ADD'
  | 'CHANGE'
  | 'COMPARE'
  | 'CONDITIONAL_MOVE'
  | 'EXCHANGE'
  | 'BITS'
  | 'PUSH'
  | 'POP'
  | 'LEAVE'
  | 'WIDE'
  | 'STRING'
  | 'JUMP'
  | 'BRANCH'
  | 'CALL'
  | 'INDIRECT_CALL'
  | 'INDIRECT_JUMP'
  | 'RETURN'
  | 'TRAP';

/**
 * One instruction. `reg` and `rm` are register operands (-1:
 * none); the destination is `rm` (or `memory`) unless `toReg`.
 */
export interface Instruction {
  readonly kind: Kind;
  readonly length: number;
  /** Of the operands, in bytes. */
  readonly size: number;
  readonly reg: number;
  readonly rm: number;
  readonly memory: Memory | null;
  readonly toReg: boolean;
  /** The immediate operand; of a direct jump or call, the distance from its end. Null if there is none. */
  readonly immediate: number | null;
}

interface Form {
  readonly kind: Kind;
  /** M: has ModRM; R: its `reg` field is an operand; D: `reg` is the destination; B: operands of one byte. */
  readonly flags: string;
  /** Bytes of the immediate; 'z': 4, or 2 with a 66 prefix. */
  readonly immediate?: 1 | 4 | 'z';
}

const form = (kind: Kind, flags = '', immediate?: 1 | 4 | 'z'): Form =>
  immediate === undefined ? { kind, flags } : { kind, flags, immediate };

const ONE_BYTE = new Map<number, Form>();
for (const [group, kind] of [
  [0x00, 'ADD'],
  [0x08, 'CHANGE'],
  [0x10, 'CHANGE'],
  [0x18, 'CHANGE'],
  [0x20, 'CHANGE'],
  [0x28, 'CHANGE'],
  [0x30, 'CHANGE'],
  [0x38, 'COMPARE'],
] as const) {
  ONE_BYTE.set(group, form(kind, 'MRB'));
  ONE_BYTE.set(group + 1, form(kind, 'MR'));
  ONE_BYTE.set(group + 2, form(kind, 'MRDB'));
  ONE_BYTE.set(group + 3, form(kind, 'MRD'));
  ONE_BYTE.set(group + 4, form(kind, 'AB', 1));
  ONE_BYTE.set(group + 5, form(kind, 'A', 'z'));
}
for (let low = 0; low < 8; low++) {
  ONE_BYTE.set(0x50 + low, form('PUSH', 'O'));
  ONE_BYTE.set(0x58 + low, form('POP', 'O'));
  ONE_BYTE.set(0xb0 + low, form('MOVE', 'OB', 1));
  ONE_BYTE.set(0xb8 + low, form('MOVE', 'O', 'z'));
  if (low > 0) ONE_BYTE.set(0x90 + low, form('EXCHANGE', 'OX'));
}
for (let low = 0; low < 16; low++) ONE_BYTE.set(0x70 + low, form('BRANCH', '', 1));
for (const [opcode, entry] of [
  [0x63, form('MOVE', 'MRD')],
  [0x68, form('PUSH', '', 4)],
  [0x69, form('CHANGE', 'MRD', 'z')],
  [0x6a, form('PUSH', '', 1)],
  [0x6b, form('CHANGE', 'MRD', 1)],
  [0x84, form('COMPARE', 'MRB')],
  [0x85, form('COMPARE', 'MR')],
  [0x86, form('EXCHANGE', 'MRB')],
  [0x87, form('EXCHANGE', 'MR')],
  [0x88, form('MOVE', 'MRB')],
  [0x89, form('MOVE', 'MR')],
  [0x8a, form('MOVE', 'MRDB')],
  [0x8b, form('MOVE', 'MRD')],
  [0x8d, form('ADDRESS', 'MRD')],
  [0x90, form('NOTHING')],
  [0x98, form('WIDE')],
  [0x99, form('WIDE')],
  [0xa4, form('STRING')],
  [0xa5, form('STRING')],
  [0xa8, form('COMPARE', 'AB', 1)],
  [0xa9, form('COMPARE', 'A', 'z')],
  [0xaa, form('STRING')],
  [0xab, form('STRING')],
  [0xc0, form('CHANGE', 'MB', 1)],
  [0xc1, form('CHANGE', 'M', 1)],
  [0xc3, form('RETURN')],
  [0xc9, form('LEAVE')],
  [0xcc, form('TRAP')],
  [0xd0, form('CHANGE', 'MB')],
  [0xd1, form('CHANGE', 'M')],
  [0xd2, form('CHANGE', 'MB')],
  [0xd3, form('CHANGE', 'M')],
  [0xe8, form('CALL', '', 4)],
  [0xe9, form('JUMP', '', 4)],
  [0xeb, form('JUMP', '', 1)],
] as const)
  ONE_BYTE.set(opcode, entry);

const TWO_BYTES = new Map<number, Form>();
for (let low = 0; low < 16; low++) {
  TWO_BYTES.set(0x40 + low, form('CONDITIONAL_MOVE', 'MRD'));
  TWO_BYTES.set(0x80 + low, form('BRANCH', '', 4));
  TWO_BYTES.set(0x90 + low, form('MOVE', 'MB'));
}
for (const [opcode, entry] of [
  [0x0b, form('TRAP')],
  [0x1f, form('NOTHING', 'M')],
  [0xa3, form('COMPARE', 'MR')],
  [0xa4, form('CHANGE', 'MR', 1)],
  [0xa5, form('CHANGE', 'MR')],
  [0xab, form('BITS', 'MR')],
  [0xac, form('CHANGE', 'MR', 1)],
  [0xad, form('CHANGE', 'MR')],
  [0xaf, form('CHANGE', 'MRD')],
  [0xb0, form('EXCHANGE', 'MRB')],
  [0xb1, form('EXCHANGE', 'MR')],
  [0xb3, form('BITS', 'MR')],
  [0xb6, form('MOVE', 'MRD')],
  [0xb7, form('MOVE', 'MRD')],
  [0xba, form('BITS', 'M', 1)],
  [0xbb, form('BITS', 'MR')],
  [0xbc, form('CHANGE', 'MRD')],
  [0xbd, form('CHANGE', 'MRD')],
  [0xbe, form('MOVE', 'MRD')],
  [0xbf, form('MOVE', 'MRD')],
  [0xc0, form('EXCHANGE', 'MRB')],
  [0xc1, form('EXCHANGE', 'MR')],
] as const)
  TWO_BYTES.set(opcode, entry);

/** Opcodes whose `reg` field selects the operation. Undefined: not decoded. */
const GROUPS = new Map<number, readonly (Form | undefined)[]>();
for (const [opcode, size, immediate] of [
  [0x80, 'B', 1],
  [0x81, '', 'z'],
  [0x83, '', 1],
] as const) {
  const change = form('CHANGE', `M${size}`, immediate);
  const add = form('ADD', `M${size}`, immediate);
  GROUPS.set(opcode, [
    add,
    change,
    change,
    change,
    change,
    change,
    change,
    form('COMPARE', `M${size}`, immediate),
  ]);
}
for (const size of ['B', ''] as const) {
  const test = form('COMPARE', `M${size}`, size === 'B' ? 1 : 'z');
  const [change, wide] = [form('CHANGE', `M${size}`), form('WIDE', `M${size}`)];
  GROUPS.set(size === 'B' ? 0xf6 : 0xf7, [test, test, change, change, wide, wide, wide, wide]);
  GROUPS.set(size === 'B' ? 0xc6 : 0xc7, [form('MOVE', `M${size}`, size === 'B' ? 1 : 'z')]);
}
GROUPS.set(0xfe, [form('CHANGE', 'MB'), form('CHANGE', 'MB')]);
GROUPS.set(0xff, [
  form('CHANGE', 'M'),
  form('CHANGE', 'M'),
  form('INDIRECT_CALL', 'M'),
  undefined,
  form('INDIRECT_JUMP', 'M'),
  undefined,
  form('PUSH', 'M'),
]);

const SUBTRACTS = 5;
const SEGMENTS = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]);

/**
 * Decodes the instruction at `at`. Null if it is not
 * one of the known ones, or does not end within the code.
 */
export function decode(code: Uint8Array, at: number): Instruction | null {
  let here = at;
  let isShort = false;
  let isRepeated = false;
  for (; here - at < 8; here++) {
    const prefix = code[here]!;
    if (prefix === 0x66) isShort = true;
    else if (prefix === 0xf2 || prefix === 0xf3) isRepeated = true;
    else if (prefix !== 0xf0 && !SEGMENTS.has(prefix)) break;
  }
  const rex = (code[here]! & 0xf0) === 0x40 ? code[here++]! : 0;
  const isTwo = code[here] === 0x0f;
  if (isTwo) here++;
  const opcode = code[here++];
  if (opcode === undefined) return null;
  // endbr64
  if (isTwo && opcode === 0x1e) return isRepeated && code[here] === 0xfa ? nothing(here + 1 - at) : null;
  const found = isTwo
    ? TWO_BYTES.get(opcode)
    : (ONE_BYTE.get(opcode) ?? GROUPS.get(opcode)?.[((code[here] ?? 0) >> 3) & 7]);
  if (found === undefined) return null;
  const { kind, flags } = found;
  let reg = -1;
  let rm = -1;
  let memory: Memory | null = null;
  let extension = 0;
  if (flags.includes('M')) {
    const modrm = readModrm(code, here, rex);
    if (modrm === null) return null;
    ({ rm, memory } = modrm);
    here += modrm.length;
    extension = modrm.reg & 7;
    if (flags.includes('R')) reg = modrm.reg;
  } else if (flags.includes('O')) rm = (opcode & 7) | ((rex & 1) << 3);
  else if (flags.includes('A')) rm = 0;
  if (flags.includes('X')) reg = 0;
  const isWide = (rex & 8) !== 0;
  // without a REX prefix, byte operands 4 to 7 are the second bytes of registers 0 to 3
  const isHigh = (register: number) => rex === 0 && register >= 4 && register < 8;
  if (flags.includes('B') && isHigh(reg)) reg -= 4;
  if ((flags.includes('B') || (isTwo && (opcode === 0xb6 || opcode === 0xbe))) && isHigh(rm)) rm -= 4;
  const size = flags.includes('B') ? 1 : isWide || kind === 'PUSH' || kind === 'POP' ? 8 : isShort ? 2 : 4;
  let width = found.immediate === 'z' ? (isShort && !isWide ? 2 : 4) : (found.immediate ?? 0);
  if (!isTwo && opcode >= 0xb8 && opcode <= 0xbf && isWide) width = 8;
  if (here + width > code.length) return null;
  const immediate = width === 0 ? null : readImmediate(code, here, width);
  const isZeroing =
    (opcode >> 3 === 5 || opcode >> 3 === 6) &&
    !isTwo &&
    size >= 4 &&
    memory === null &&
    reg >= 0 &&
    reg === rm;
  if (isZeroing) return { ...CLEAR, length: here - at, size, rm }; // xor or sub of a register and itself
  if (
    immediate !== null &&
    kind === 'CHANGE' &&
    (opcode === 0x81 || opcode === 0x83) &&
    extension === SUBTRACTS
  )
    return {
      kind: 'ADD',
      length: here + width - at,
      size,
      reg,
      rm,
      memory,
      toReg: false,
      immediate: -immediate,
    };
  return { kind, length: here + width - at, size, reg, rm, memory, toReg: flags.includes('D'), immediate };
}

const CLEAR = { kind: 'MOVE', reg: -1, memory: null, toReg: false, immediate: 0 } as const;

function nothing(length: number): Instruction {
  return { kind: 'NOTHING', length, size: 0, reg: -1, rm: -1, memory: null, toReg: false, immediate: null };
}

/** ModRM, SIB and displacement, with the number of their bytes. */
function readModrm(code: Uint8Array, at: number, rex: number) {
  const modrm = code[at];
  if (modrm === undefined) return null;
  const mode = modrm >> 6;
  const reg = ((modrm >> 3) & 7) | ((rex & 4) << 1);
  const low = modrm & 7;
  if (mode === 3) return { reg, rm: low | ((rex & 1) << 3), memory: null, length: 1 };
  const sib = low === 4 ? code[at + 1] : 0;
  if (sib === undefined) return null;
  const width = mode === 1 ? 1 : mode === 2 || (low === 4 ? (sib & 7) === 5 : low === 5) ? 4 : 0;
  const from = at + (low === 4 ? 2 : 1);
  if (from + width > code.length) return null;
  const hasBase = !(mode === 0 && (low === 4 ? (sib & 7) === 5 : low === 5));
  const base = hasBase ? (low === 4 ? sib & 7 : low) | ((rex & 1) << 3) : -1;
  const indexed = ((sib >> 3) & 7) | ((rex & 2) << 2);
  const memory: Memory = {
    base,
    index: low === 4 && indexed !== 4 ? indexed : -1,
    displacement: width === 0 ? 0 : readImmediate(code, from, width),
  };
  return { reg, rm: -1, memory, length: from + width - at };
}

function readImmediate(code: Uint8Array, at: number, width: number): number {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  if (width === 1) return view.getInt8(at);
  if (width === 2) return view.getInt16(at, true);
  return view.getInt32(at, true);
}
