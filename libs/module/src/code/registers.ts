import type { Instruction, Memory } from './instruction.js';

/** Which of the kernel's pointers a register may hold: bits, so that sets can be joined. */
export const OWN = 1;
export const EARLIER = 2;

/**
 * A pointer that came from `klp_get_state()` or `klp_get_prev_state()`,
 * and how far behind the state it points; null: not known.
 */
export interface Pointer {
  readonly kinds: number;
  readonly offset: number | null;
}

/** What an instruction does with such a pointer that lets code change a state. */
export interface Misuse {
  readonly kinds: number;
  readonly how: 'WRITE' | 'ESCAPE';
}

const RAX = 0;
const RCX = 1;
const RDX = 2;
const RBP = 5;
const RSI = 6;
const RDI = 7;
/** %rdi, %rsi, %rdx, %rcx, %r8, %r9, and %r10, which is a nested function's. */
const ARGUMENTS = [RDI, RSI, RDX, RCX, 8, 9, 10];
const LOST_BY_CALLS = [RAX, RCX, RDX, RSI, RDI, 8, 9, 10, 11];
/** Where a state's `data` is: code may store there. */
const DATA = { from: 16, to: 24 } as const;

/**
 * Which registers may hold a pointer to a state at one place in
 * the code. Memory never does: storing one there is an escape.
 */
export class Registers {
  constructor(private readonly held: readonly (Pointer | null)[] = Array.from({ length: 16 }, () => null)) {}

  get(register: number): Pointer | null {
    return this.held[register] ?? null;
  }

  with(register: number, pointer: Pointer | null): Registers {
    if (register < 0 || same(this.get(register), pointer)) return this;
    const held = [...this.held];
    held[register] = pointer;
    return new Registers(held);
  }

  /** What may be held where two paths meet; this very object where the other one adds nothing. */
  join(other: Registers): Registers {
    return Array.from({ length: 16 }, (_, register) => register).reduce<Registers>(
      (joined, register) => joined.with(register, either(joined.get(register), other.get(register))),
      this,
    );
  }

  get kinds(): number {
    return this.kindsIn(this.held.keys());
  }

  get result(): Pointer | null {
    return this.get(RAX);
  }

  withResult(pointer: Pointer): Registers {
    return this.with(RAX, pointer);
  }

  /** What a called function gets. */
  get kindsInArguments(): number {
    return this.kindsIn(ARGUMENTS);
  }

  afterCall(): Registers {
    return LOST_BY_CALLS.reduce<Registers>((registers, register) => registers.with(register, null), this);
  }

  /**
   * What the registers hold after an instruction that is no
   * jump or call, and what it did with the pointers in them.
   */
  after(instruction: Instruction): { readonly next: Registers; readonly misuse: readonly Misuse[] } {
    const { memory, reg, rm, kind } = instruction;
    const misuse: Misuse[] = [];
    const address = memory === null ? null : this.addressOf(memory);
    if (address !== null && writesMemory(instruction) && !isData(address, instruction))
      misuse.push({ kinds: address.kinds, how: 'WRITE' });
    const stored =
      kind === 'PUSH' ? this.get(rm) : memory !== null && writesMemory(instruction) ? this.get(reg) : null;
    if (stored !== null) misuse.push({ kinds: stored.kinds, how: 'ESCAPE' });
    if (kind === 'STRING') misuse.push(...this.misuseByString());
    return { next: this.moved(instruction, address), misuse };
  }

  private moved(instruction: Instruction, address: Pointer | null): Registers {
    const { kind, reg, rm, memory, toReg, size, immediate } = instruction;
    const target = toReg ? reg : memory === null ? rm : -1;
    const source = toReg ? (memory === null ? this.get(rm) : null) : this.get(reg);
    const old = this.get(target);
    switch (kind) {
      case 'MOVE':
        return this.with(
          target,
          size === 8 ? source : size === 4 ? blurred(source) : blurred(either(old, source)),
        );
      case 'ADDRESS':
        return this.with(target, size === 8 ? address : blurred(address));
      case 'ADD':
        if (old !== null && immediate !== null && size === 8)
          return this.with(target, {
            kinds: old.kinds,
            offset: old.offset === null ? null : old.offset + immediate,
          });
        return this.with(target, blurred(either(old, source)));
      case 'CHANGE':
      case 'BITS':
        return this.with(target, blurred(either(old, source)));
      case 'CONDITIONAL_MOVE':
        return this.with(target, either(old, source));
      case 'EXCHANGE': {
        const any = blurred(either(either(this.get(reg), this.get(rm)), this.get(RAX)));
        return any === null ? this : this.with(reg, any).with(rm, any).with(RAX, any);
      }
      case 'POP':
        return this.with(rm, null);
      case 'LEAVE':
        return this.with(RBP, null);
      case 'WIDE': {
        const any = blurred(either(either(this.get(RAX), this.get(RDX)), this.get(rm)));
        return any === null ? this : this.with(RAX, any).with(RDX, any);
      }
      case 'STRING':
        return this.with(RDI, blurred(this.get(RDI)))
          .with(RSI, blurred(this.get(RSI)))
          .with(RCX, blurred(this.get(RCX)));
      default:
        return this;
    }
  }

  private misuseByString(): Misuse[] {
    const [to, value] = [this.get(RDI), this.get(RAX)];
    return [
      ...(to === null ? [] : [{ kinds: to.kinds, how: 'WRITE' } as const]),
      ...(value === null ? [] : [{ kinds: value.kinds, how: 'ESCAPE' } as const]),
    ];
  }

  private addressOf({ base, index, displacement }: Memory): Pointer | null {
    const from = this.get(base);
    if (index >= 0) return blurred(either(from, this.get(index)));
    return from === null
      ? null
      : { kinds: from.kinds, offset: from.offset === null ? null : from.offset + displacement };
  }

  private kindsIn(registers: Iterable<number>): number {
    let kinds = 0;
    for (const register of registers) kinds |= this.get(register)?.kinds ?? 0;
    return kinds;
  }
}

function writesMemory({ kind, toReg }: Instruction): boolean {
  if (kind === 'EXCHANGE' || kind === 'BITS') return true;
  return !toReg && (kind === 'MOVE' || kind === 'ADD' || kind === 'CHANGE');
}

/**
 * Returns true if the store stays within `data`. The bit instructions may reach any byte after their operand.
 */
function isData({ offset }: Pointer, { size, kind }: Instruction): boolean {
  return offset !== null && kind !== 'BITS' && offset >= DATA.from && offset + size <= DATA.to;
}

function same(one: Pointer | null, other: Pointer | null): boolean {
  return (
    one === other ||
    (one !== null && other !== null && one.kinds === other.kinds && one.offset === other.offset)
  );
}

/** The same pointer, of which it is no longer known where it points. */
function blurred(pointer: Pointer | null): Pointer | null {
  return pointer === null || pointer.offset === null ? pointer : { kinds: pointer.kinds, offset: null };
}

function either(one: Pointer | null, other: Pointer | null): Pointer | null {
  if (one === null || other === null) return one ?? other;
  return { kinds: one.kinds | other.kinds, offset: one.offset === other.offset ? one.offset : null };
}
