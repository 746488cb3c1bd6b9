import fc from 'fast-check';
import { decode, type Instruction } from '../src/code/instruction.js';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

const RAX = 0;
const RBX = 3;
const RSP = 4;
const RSI = 6;
const R12 = 12;

describe('x86-64 instructions as the disassembler of binutils shows them', () => {
  test.each<[text: string, hex: string, expected: Partial<Instruction>]>([
    ['mov %rax,%rbx', '48 89 c3', { kind: 'MOVE', size: 8, reg: RAX, rm: RBX, memory: null, toReg: false }],
    [
      'mov 0x10(%rax),%rdi',
      '48 8b 78 10',
      { kind: 'MOVE', size: 8, reg: 7, toReg: true, memory: { base: RAX, index: -1, displacement: 16 } },
    ],
    [
      'movq $0x0,0x10(%rbx)',
      '48 c7 43 10 00 00 00 00',
      { kind: 'MOVE', size: 8, reg: -1, memory: { base: RBX, index: -1, displacement: 16 } },
    ],
    [
      'movb $0x1,0x8(%r12)',
      '41 c6 44 24 08 01',
      { kind: 'MOVE', size: 1, memory: { base: R12, index: -1, displacement: 8 } },
    ],
    [
      'mov %ecx,(%rax,%rsi,4)',
      '89 0c b0',
      { kind: 'MOVE', size: 4, memory: { base: RAX, index: RSI, displacement: 0 } },
    ],
    [
      'mov %edx,0x0(%rip)',
      '89 15 00 00 00 00',
      { kind: 'MOVE', memory: { base: -1, index: -1, displacement: 0 } },
    ],
    ['movabs $0x0,%rdi', '48 bf 00 00 00 00 00 00 00 00', { kind: 'MOVE', rm: 7, size: 8 }],
    ['add $0x10,%rax', '48 83 c0 10', { kind: 'ADD', rm: RAX, immediate: 16 }],
    ['sub $0x10,%rax', '48 83 e8 10', { kind: 'ADD', rm: RAX, immediate: -16 }],
    [
      'addl $0x1,0x8(%rax)',
      '83 40 08 01',
      { kind: 'ADD', size: 4, memory: { base: RAX, index: -1, displacement: 8 } },
    ],
    ['xor %eax,%eax', '31 c0', { kind: 'MOVE', reg: -1, rm: RAX, immediate: 0 }],
    ['test %rax,%rax', '48 85 c0', { kind: 'COMPARE' }],
    [
      'lea 0x18(%rsp),%rax',
      '48 8d 44 24 18',
      { kind: 'ADDRESS', reg: RAX, memory: { base: RSP, index: -1, displacement: 24 } },
    ],
    ['cmove %rax,%rbx', '48 0f 44 d8', { kind: 'CONDITIONAL_MOVE', reg: RBX, rm: RAX, toReg: true }],
    [
      'lock bts %rax,(%rbx)',
      'f0 48 0f ab 03',
      { kind: 'BITS', memory: { base: RBX, index: -1, displacement: 0 } },
    ],
    ['lock cmpxchg %rsi,(%rbx)', 'f0 48 0f b1 33', { kind: 'EXCHANGE', reg: RSI }],
    ['rep stos %rax,(%rdi)', 'f3 48 ab', { kind: 'STRING' }],
    ['mov %ah,%al', '88 e0', { kind: 'MOVE', size: 1, reg: RAX, rm: RAX }],
    ['push %r12', '41 54', { kind: 'PUSH', rm: R12 }],
    ['jmp *%rax', 'ff e0', { kind: 'INDIRECT_JUMP' }],
    ['cs call *%r11', '2e 41 ff d3', { kind: 'INDIRECT_CALL', rm: 11 }],
    ['endbr64', 'f3 0f 1e fa', { kind: 'NOTHING' }],
    ['data16 cs nopw 0x0(%rax,%rax,1)', '66 66 2e 0f 1f 84 00 00 00 00 00', { kind: 'NOTHING' }],
    ['jne .+0xa', '75 08', { kind: 'BRANCH', immediate: 8 }],
    ['ud2', '0f 0b', { kind: 'TRAP' }],
  ])('%s', (_, hex, expected) => {
    const code = bytes(hex);
    expect(decode(code, 0)).toMatchObject({ length: code.length, ...expected });
  });

  test.each([
    ['wrmsr', '0f 30'],
    ['out %al,(%dx)', 'ee'],
    ['movdqa %xmm0,(%rax)', '66 0f 7f 00'],
    ['loop', 'e2 fe'],
    ['popf', '9d'],
  ])('%s is not known', (_, hex) => expect(decode(bytes(hex), 0)).toBeNull());
});

test('an instruction never reaches beyond the code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (code) => {
      const instruction = decode(code, 0);
      expect(instruction === null || (instruction.length > 0 && instruction.length <= code.length)).toBe(
        true,
      );
    }),
    { numRuns: 20_000, seed: 20261126 },
  );
});
