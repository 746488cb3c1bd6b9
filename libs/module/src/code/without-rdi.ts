import { sideEffectFreeLength } from './side-effect-free.js';

const RDI = 7;

/**
 * One-byte opcodes with a ModRM byte: register and memory operands,
 * no immediate, no control flow. ALU, test, mov, movslq, lea.
 */
function hasRegister(opcode: number): boolean {
  return (
    (opcode < 0x40 && (opcode & 7) < 4) ||
    opcode === 0x63 ||
    opcode === 0x84 ||
    opcode === 0x85 ||
    (opcode >= 0x88 && opcode <= 0x8b) ||
    opcode === 0x8d
  );
}

/**
 * Returns the length of an instruction that neither uses
 * %rdi nor changes control flow. 0: any other instruction.
 *
 * It may access memory by an address, which its relocation shows, or through another register, which cannot
 * hold the value that only %rdi has.
 */
export function lengthWithoutRdi(code: Uint8Array, at: number): number {
  const known = sideEffectFreeLength(code, at);
  if (known > 0) return usesRdi(code, at) ? 0 : known;
  const rex = (code[at]! & 0xf0) === 0x40 ? code[at]! : 0;
  const opcodeAt = rex === 0 ? at : at + 1;
  const opcode = code[opcodeAt];
  if (opcode === undefined) return 0;
  const prefix = opcodeAt - at;
  if (hasRegister(opcode)) return operands(code, opcodeAt + 1, rex, true, prefix + 1);
  if (opcode === 0x80 || opcode === 0x83 || opcode === 0xc6)
    return operands(code, opcodeAt + 1, rex, false, prefix + 2);
  if (opcode === 0x81 || opcode === 0xc7) return operands(code, opcodeAt + 1, rex, false, prefix + 5);
  if (opcode !== 0x0f) return 0;
  const second = code[opcodeAt + 1]!;
  if (second === 0xb6 || second === 0xb7 || second === 0xbe || second === 0xbf)
    return operands(code, opcodeAt + 2, rex, true, prefix + 2); // movzx, movsx
  return (second & 0xf0) === 0x90 ? operands(code, opcodeAt + 2, rex, false, prefix + 2) : 0; // set
}

/**
 * `others` and the length of ModRM, SIB and displacement; 0 where %rdi is a register operand, base or index.
 */
function operands(
  code: Uint8Array,
  at: number,
  rex: number,
  hasRegisterOperand: boolean,
  others: number,
): number {
  const modrm = code[at];
  if (modrm === undefined) return 0;
  const mode = modrm >> 6;
  const base = modrm & 7;
  // %dil needs a REX prefix and %bh has none; both are taken for %rdi
  if (hasRegisterOperand && ((modrm >> 3) & 7) === RDI && (rex & 4) === 0) return 0;
  if (mode === 3 || base !== 4) {
    if (base === RDI && (rex & 1) === 0) return 0;
    const displacement = mode === 1 ? 1 : mode === 2 || (mode === 0 && base === 5) ? 4 : 0;
    return within(code, at, others + 1 + displacement, others);
  }
  const sib = code[at + 1];
  if (sib === undefined) return 0;
  if (((sib & 7) === RDI && (rex & 1) === 0) || (((sib >> 3) & 7) === RDI && (rex & 2) === 0)) return 0;
  const displacement = mode === 1 ? 1 : mode === 2 || (mode === 0 && (sib & 7) === 5) ? 4 : 0;
  return within(code, at, others + 2 + displacement, others);
}

function within(code: Uint8Array, modrmAt: number, length: number, others: number): number {
  return modrmAt + length - others <= code.length ? length : 0;
}

/** Returns true if this instruction reads or writes %rdi. */
function usesRdi(code: Uint8Array, at: number): boolean {
  const [first, second, third] = [code[at]!, code[at + 1]!, code[at + 2]!];
  if (first === 0x57 || first === 0x5f || first === 0xbf) return true;
  const operandsOf = first === 0x48 ? third : second;
  const opcode = first === 0x48 ? second : first;
  if (opcode === 0x31 || opcode === 0x89 || opcode === 0x85)
    return (operandsOf & 7) === RDI || ((operandsOf >> 3) & 7) === RDI;
  if (opcode === 0xc7) return operandsOf === 0xc7;
  return first === 0x48 && second === 0xbf;
}
