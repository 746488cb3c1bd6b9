/**
 * Returns the length of an instruction that only moves numbers
 * between registers and the stack. 0: any other instruction.
 *
 * Knows the few instructions that compilers put around a call, without control flow and other memory.
 */
export function sideEffectFreeLength(code: Uint8Array, at: number): number {
  const [first, second, third, fourth] = [code[at], code[at + 1], code[at + 2], code[at + 3]];
  if (first === undefined) return 0;
  // nop, leave, push, pop
  if (first === 0x90 || first === 0xc9 || (first >= 0x50 && first <= 0x5f && first !== 0x5c)) return 1;
  if (first === 0x41 && second !== undefined && second >= 0x50 && second <= 0x5f) return 2;
  if (first >= 0xb8 && first <= 0xbf && first !== 0xbc) return fits(code, at, 5); // mov imm32, register
  // xor, mov, test
  if ((first === 0x31 || first === 0x89 || first === 0x85) && isSafeRegisters(second)) return 2;
  if (first === 0x48 && (second === 0x31 || second === 0x89 || second === 0x85) && isSafeRegisters(third))
    return 3;
  if (first === 0x48 && second === 0xc7 && third !== undefined && (third & 0xf8) === 0xc0 && third !== 0xc4)
    return fits(code, at, 7);
  if (first === 0x48 && second !== undefined && second >= 0xb8 && second <= 0xbf && second !== 0xbc)
    return fits(code, at, 10);
  // add/sub imm8, %rsp
  if (first === 0x48 && second === 0x83 && (third === 0xc4 || third === 0xec)) return fits(code, at, 4);
  if (first === 0x48 && second === 0x89 && third === 0xe5) return 3; // mov %rsp, %rbp
  if (first === 0xf3 && second === 0x0f && third === 0x1e && fourth === 0xfa) return 4; // endbr64
  return nopLength(code, at);
}

/** Both operands are registers, and none of them is the stack pointer. */
function isSafeRegisters(modrm: number | undefined): boolean {
  return modrm !== undefined && modrm >= 0xc0 && (modrm & 7) !== 4 && ((modrm >> 3) & 7) !== 4;
}

/** The multi-byte nops: 66* (2E) 0F 1F /0 and 66* 90. */
function nopLength(code: Uint8Array, at: number): number {
  let here = at;
  while (code[here] === 0x66 && here - at < 9) here++;
  if (here > at && code[here] === 0x90) return here - at + 1;
  if (code[here] === 0x2e) here++;
  if (code[here] !== 0x0f || code[here + 1] !== 0x1f) return 0;
  const modrm = code[here + 2] ?? 0xff;
  if ((modrm & 0x38) !== 0 || modrm >= 0xc0) return 0;
  const mode = modrm >> 6;
  const length = here - at + 3 + ((modrm & 7) === 4 ? 1 : 0) + (mode === 1 ? 1 : mode === 2 ? 4 : 0);
  return mode === 0 && ((modrm & 7) === 5 || (modrm & 7) === 4) ? 0 : fits(code, at, length);
}

function fits(code: Uint8Array, at: number, length: number): number {
  return at + length <= code.length ? length : 0;
}
