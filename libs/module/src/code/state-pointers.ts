import type { ElfFile } from '../elf/file.js';
import { firstAt, type Relocations } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';
import type { Extent } from '../elf/symbols.js';
import { because } from '../klp/states.js';
import type { Unreadable } from '../reading.js';
import { CallGraph } from './call-graph.js';
import { LISTS_OF_PLACES } from './find-enable-calls.js';
import { decode, type Instruction } from './instruction.js';
import { EARLIER, OWN, Registers, type Misuse, type Pointer } from './registers.js';
import { isCall } from './x86.js';

/**
 * What code may do to states through the pointers that the kernel hands it; null: nothing that a rule reads.
 */
export interface StatePointers {
  /** Through the result of `klp_get_state()`: the patch's own states. */
  readonly own: Unreadable | null;
  /** Through the result of `klp_get_prev_state()`: the states of patches below it. */
  readonly earlier: Unreadable | null;
}

/**
 * Returns true for a function pointer in data whose results the kernel never uses as a pointer to a state.
 *
 * Callbacks, init and exit functions return a number or nothing;
 * a redirected function returns what the original does.
 */
export type IsCodePointer = (section: Section, at: number) => boolean;

const SOURCES = [
  { name: 'klp_get_state', kind: OWN },
  { name: 'klp_get_prev_state', kind: EARLIER },
] as const;
/** A real callback has some hundred instructions; what needs more is not followed to its end. */
const MIN_STEPS = 4000;
const BYTES_FOR_STEP = 8;
const MAX_STEPS = 20_000;
const MAX_FUNCTIONS = 16;
/** Compilers put these calls around each access; they look at the address, and keep nothing. */
const OBSERVERS = /^(__(asan|hwasan|kasan|tsan|kcsan|ubsan|msan|sanitizer)_|__fentry__$)/;
/** Called from inline assembly: all registers outlive them. */
const KEEPS_REGISTERS =
  /^(__SCT__|__preempt|preempt_schedule|__get_user|__put_user|__sw_hweight|clear_page|copy_|rep_|__fentry__$|__sanitizer_)/;
/** Entries of two places each: execution may go from the first to the second. Entry sizes in bytes. */
const DETOURS: Readonly<Record<string, number>> = { __jump_table: 16, __ex_table: 12 };
type Reason = Misuse['how'] | 'UNKNOWN' | 'ELSEWHERE';

const WHY: Readonly<Record<Reason, (of: string) => Unreadable>> = {
  WRITE: (of) =>
    because(
      'CHANGED_AT_RUN_TIME',
      `code stores through the pointer of ${of}() to the id or version of a state`,
    ),
  ESCAPE: (of) =>
    because(
      'ADDRESS_ESCAPES',
      `code hands on the pointer of ${of}(), so what changes the state cannot be told`,
    ),
  UNKNOWN: (of) =>
    because('CODE_NOT_UNDERSTOOD', `what code does with the pointer of ${of}() is not understood`),
  ELSEWHERE: (of) =>
    because(
      'CODE_NOT_UNDERSTOOD',
      `code calls ${of}(), and what it does with the result is understood on x86-64 only`,
    ),
};

/**
 * Follows each pointer to a state through the code that gets it from the kernel.
 *
 * Free are loads, comparisons, and stores to `data`. On other
 * architectures than x86-64 every use counts as not understood.
 */
export function followStatePointers(file: ElfFile, isCodePointer: IsCodePointer): StatePointers {
  const found = new Findings();
  for (const { name, kind } of SOURCES) {
    const symbols = file.symbols.containing(name).filter((symbol) => file.symbols.section[symbol] === 0);
    if (symbols.length > 0) new Flow(file, isCodePointer, found).run(symbols, kind);
  }
  return { own: found.of(OWN), earlier: found.of(EARLIER) };
}

class Findings {
  private readonly first = new Map<number, Unreadable>();

  add(kinds: number, how: Reason): void {
    for (const { name, kind } of SOURCES)
      if ((kinds & kind) !== 0 && !this.first.has(kind)) this.first.set(kind, WHY[how](name));
  }

  of(kind: number): Unreadable | null {
    return this.first.get(kind) ?? null;
  }
}

interface Step {
  readonly section: Section;
  readonly at: number;
  /** The function whose caller gets what is in %rax when the code returns. */
  readonly of: Extent;
}

class Flow {
  private readonly graph: CallGraph;
  private readonly reached = new Map<string, Registers>();
  private readonly waiting: Step[] = [];
  private readonly returned = new Map<Extent, Pointer>();
  private readonly detours: ReadonlyMap<string, { readonly section: Section; readonly at: number }>;
  private steps = 0;
  private readonly allowed: number;

  constructor(
    private readonly file: ElfFile,
    private readonly isCodePointer: IsCodePointer,
    private readonly found: Findings,
  ) {
    this.graph = new CallGraph(file);
    this.detours = findDetours(file);
    this.allowed = Math.min(MIN_STEPS + file.bytes.length / BYTES_FOR_STEP, MAX_STEPS);
  }

  run(symbols: readonly number[], kind: number): void {
    if (this.file.machine.arch !== 'x86_64') return this.found.add(kind, 'ELSEWHERE');
    const pointer = { kinds: kind, offset: 0 };
    for (const { section, relocations, entries } of this.file.relocations.uses(
      this.file.symbols.marked(symbols),
    )) {
      for (const next of entries) {
        if (!section.executable || !isCall(this.file.contents(section), relocations, next))
          this.found.add(kind, 'ESCAPE');
        else this.start(section, relocations.at(next) - 1, pointer);
      }
    }
    this.follow();
  }

  /** The call or tail call at this place returns the pointer. */
  private start(section: Section, at: number, pointer: Pointer): void {
    const of = this.graph.functionAt(section.index, at);
    if (of === null) return this.found.add(pointer.kinds, 'UNKNOWN');
    if (this.file.contents(section)[at] === 0xe8)
      this.reach({ section, at: at + 5, of }, new Registers().withResult(pointer));
    else this.giveBack(of, pointer);
  }

  private reach(step: Step, registers: Registers): void {
    if (registers.kinds === 0) return;
    const key = `${step.section.index} ${step.at} ${step.of.section} ${step.of.offset}`;
    const known = this.reached.get(key);
    const joined = known?.join(registers) ?? registers;
    if (joined === known) return;
    this.reached.set(key, joined);
    this.waiting.push(step);
  }

  private follow(): void {
    for (let step = this.waiting.pop(); step !== undefined; step = this.waiting.pop()) {
      const registers = this.reached.get(
        `${step.section.index} ${step.at} ${step.of.section} ${step.of.offset}`,
      )!;
      if (++this.steps > this.allowed) return this.found.add(registers.kinds, 'UNKNOWN');
      this.take(step, registers);
    }
  }

  private take(step: Step, registers: Registers): void {
    const { section, at, of } = step;
    const code = this.file.contents(section);
    const instruction = decode(code, at);
    if (instruction === null) return this.found.add(registers.kinds, 'UNKNOWN');
    const detour = this.detours.get(`${section.index} ${at}`);
    if (detour !== undefined) {
      this.reach({ ...detour, of }, registers);
      this.reach({ section, at: at + instruction.length, of }, registers);
    }
    const on = (next: Registers) => this.reach({ section, at: at + instruction.length, of }, next);
    switch (instruction.kind) {
      case 'RETURN':
        return this.giveBack(of, registers.result);
      case 'INDIRECT_JUMP':
        return this.found.add(registers.kinds, 'ESCAPE');
      case 'INDIRECT_CALL':
        this.found.add(registers.kindsInArguments, 'ESCAPE');
        return on(registers.afterCall());
      case 'CALL':
      case 'JUMP':
      case 'BRANCH':
        return this.go(step, instruction, registers, on);
      default: {
        const { next, misuse } = registers.after(instruction);
        for (const { kinds, how } of misuse) this.found.add(kinds, how);
        return on(next);
      }
    }
  }

  /** A direct call or jump. */
  private go(
    { section, at, of }: Step,
    instruction: Instruction,
    registers: Registers,
    on: (next: Registers) => void,
  ): void {
    const after = at + instruction.length;
    const relocations = this.file.relocations.of(section);
    const next = relocations === null ? -1 : firstAt(relocations, at);
    const isRelocated = relocations !== null && relocations.at(next) < after;
    const isCalled = instruction.kind === 'CALL';
    if (instruction.kind === 'BRANCH') on(registers);
    if (!isRelocated) {
      if (isCalled) return this.call('', registers, on);
      return this.reach({ section, at: after + instruction.immediate!, of }, registers);
    }
    const target = relocations.toSection(next);
    if (target !== 0) {
      if (isCalled) return this.call('', registers, on);
      return this.reach(
        { section: this.file.sections[target]!, at: relocations.to(next) + 4, of },
        registers,
      );
    }
    const name = this.file.symbols.name(relocations.symbol(next));
    if (isCalled) return this.call(name, registers, on);
    if (name === '__x86_return_thunk') return this.giveBack(of, registers.result);
    this.found.add(registers.kindsInArguments, 'ESCAPE');
  }

  private call(name: string, registers: Registers, on: (next: Registers) => void): void {
    if (!OBSERVERS.test(name)) this.found.add(registers.kindsInArguments, 'ESCAPE');
    const source = SOURCES.find((one) => name.includes(one.name));
    const returned = KEEPS_REGISTERS.test(name) ? registers : registers.afterCall();
    on(source === undefined ? returned : returned.withResult({ kinds: source.kind, offset: 0 }));
  }

  /** Follows the pointer into the callers, if the function returns it or leaves it in the result register. */
  private giveBack(of: Extent, pointer: Pointer | null): void {
    if (pointer === null) return;
    const known = this.returned.get(of);
    if (
      known !== undefined &&
      (known.kinds & pointer.kinds) === pointer.kinds &&
      known.offset === pointer.offset
    )
      return;
    if (this.returned.size >= MAX_FUNCTIONS) return this.found.add(pointer.kinds, 'UNKNOWN');
    const joined =
      known === undefined
        ? pointer
        : {
            kinds: known.kinds | pointer.kinds,
            offset: known.offset === pointer.offset ? known.offset : null,
          };
    if (known !== undefined && known.kinds === joined.kinds && known.offset === joined.offset) return;
    this.returned.set(of, joined);
    for (const { section, at, after, how } of this.graph.referencesTo(of)) {
      if (how === 'CALL') {
        const caller = this.graph.functionAt(section.index, at);
        if (caller === null) this.found.add(joined.kinds, 'UNKNOWN');
        else this.reach({ section, at: after, of: caller }, new Registers().withResult(joined));
      } else if (how === 'JUMP') {
        const caller = this.graph.functionAt(section.index, at);
        if (caller === null) this.found.add(joined.kinds, 'UNKNOWN');
        else this.giveBack(caller, joined);
      } else if (!LISTS_OF_PLACES.test(section.name) && !this.isCodePointer(section, at))
        this.found.add(joined.kinds, 'ESCAPE');
    }
  }
}

/**
 * Where may execution go from an instruction, though the
 * instruction does not say so: static branches and handled faults.
 */
function findDetours(file: ElfFile): Map<string, { readonly section: Section; readonly at: number }> {
  const detours = new Map<string, { readonly section: Section; readonly at: number }>();
  for (const table of file.sections) {
    const size = DETOURS[table.name];
    const relocations = size === undefined ? null : file.relocations.of(table);
    if (relocations === null) continue;
    for (let next = 0; next < relocations.count; next++) {
      const entry = relocations.at(next);
      if (entry % size! !== 0) continue;
      const [from, to] = [placeAt(file, relocations, entry), placeAt(file, relocations, entry + 4)];
      if (from !== null && to !== null) detours.set(`${from.section.index} ${from.at}`, to);
    }
  }
  return detours;
}

function placeAt(
  file: ElfFile,
  relocations: Relocations,
  at: number,
): { readonly section: Section; readonly at: number } | null {
  const next = firstAt(relocations, at);
  const section = file.sections[relocations.toSection(next)];
  return relocations.at(next) === at && section?.executable === true
    ? { section, at: relocations.to(next) }
    : null;
}
