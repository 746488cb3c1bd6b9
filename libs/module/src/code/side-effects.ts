import type { ElfFile } from '../elf/file.js';
import { firstAt, type Relocations } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';
import type { EnableCalls } from './enable-calls.js';
import { decode, type Instruction } from './instruction.js';
import { WRITES_FOUR_BYTES } from './jumps.js';
import { isCall, R_64 } from './x86.js';

/**
 * Functions of the kernel without an effect that a livepatch would have to undo: the log, and the calls that
 * compilers insert for tracing, coverage and stack protection. Indirect thunks are not among them, because
 * they call any function.
 */
const SIDE_EFFECT_FREE_CALLS = new Set([
  'klp_enable_patch',
  '_printk',
  'printk',
  '__fentry__',
  '__sanitizer_cov_trace_pc',
  '__x86_return_thunk',
  '__stack_chk_fail',
]);
const INIT_OR_EXIT = /^\.(init|exit)\.text/;
/** Sections that refer to this code only by its address, or list places in it. */
const REFERENCES =
  /^(\.gnu\.linkonce\.this_module|\.init\.data|\.exit\.data|__mcount_loc|__patchable_function_entries|\.call_sites|\.return_sites|\.ibt_endbr_seal|\.orc_unwind_ip|\.discard\..*)$/;
/** Instructions that, on registers alone, have no effect beyond them. */
const SIDE_EFFECT_FREE = new Set<Instruction['kind']>([
  'NOTHING',
  'MOVE',
  'ADD',
  'CHANGE',
  'COMPARE',
  'CONDITIONAL_MOVE',
  'PUSH',
  'POP',
  'LEAVE',
]);
const RSP = 4;
const RBP = 5;
const INT3 = 0xcc;
/** More than any function that only enables a patch. */
const MAX_FUNCTION = 64 * 1024;

/** A range of code in a section. */
interface CodeRange {
  readonly section: Section;
  readonly from: number;
  readonly to: number;
}

/**
 * Returns true if the module's init and exit functions provably only enable the patch and write to the log.
 *
 * Every instruction must be known: moves between registers and stack, addresses, short jumps, returns, and
 * calls of `klp_enable_patch(&patch)` and of the functions in SIDE_EFFECT_FREE_CALLS. Checks the sections of
 * init and exit code as a whole, and elsewhere the functions of `init_module` and `cleanup_module`. Only on
 * x86-64; on other architectures nothing is proven.
 */
export function hasNoSideEffects(file: ElfFile, enableCalls: EnableCalls): boolean {
  if (file.machine.arch !== 'x86_64') return false;
  const ranges = findInitAndExitCode(file);
  return (
    ranges !== null &&
    ranges.every((code) =>
      isCodeWithoutSideEffects(file, code, enableCalls.get(code.section.index) ?? new Set()),
    ) &&
    !isRewritten(file, ranges)
  );
}

/** Returns the code that runs when the module is loaded and removed. Null if it is unknown. */
function findInitAndExitCode(file: ElfFile): CodeRange[] | null {
  const self = file.section('.gnu.linkonce.this_module');
  const entries = self === null ? null : file.relocations.of(self);
  if (entries === null) return null;
  const ranges: CodeRange[] = file.sections
    .filter((section) => section.executable && INIT_OR_EXIT.test(section.name))
    .map((section) => ({ section, from: 0, to: file.contents(section).length }));
  for (let next = 0; next < entries.count; next++) {
    const section = file.sections[entries.toSection(next)];
    const from = entries.to(next);
    if (section === undefined || section.index === 0) return null;
    if (INIT_OR_EXIT.test(section.name)) continue;
    const named = file.symbols.functionAt(section.index, from);
    if (
      !section.executable ||
      named?.offset !== from ||
      named.size > MAX_FUNCTION ||
      from + named.size > file.contents(section).length
    )
      return null;
    ranges.push({ section, from, to: from + named.size });
  }
  return ranges;
}

function isCodeWithoutSideEffects(
  file: ElfFile,
  { section, from, to }: CodeRange,
  enableCalls: ReadonlySet<number>,
): boolean {
  const code = file.contents(section).subarray(0, to);
  const relocations = file.relocations.of(section);
  const starts = new Set<number>();
  const targets: number[] = [];
  let ends = true;
  for (let at = from; at < to;) {
    starts.add(at);
    const instruction = decode(code, at);
    if (instruction === null) return false;
    const next = relocations === null ? -1 : firstAt(relocations, at);
    const isRelocated = relocations !== null && relocations.at(next) < at + instruction.length;
    if (isRelocated) {
      if (!isRelocatedWithoutSideEffects(file, code, relocations, next, at, instruction, enableCalls))
        return false;
    } else if (instruction.kind === 'JUMP' || instruction.kind === 'BRANCH')
      targets.push(at + instruction.length + instruction.immediate!);
    else if (!isSideEffectFree(instruction) && instruction.kind !== 'RETURN' && code[at] !== INT3)
      return false;
    at += instruction.length;
    ends = instruction.kind === 'JUMP' || instruction.kind === 'RETURN' || code[at - 1] === INT3;
  }
  // A function whose symbol ends too early would continue into code that was not checked.
  const isWhole = from === 0 && to === section.size;
  return (isWhole || ends) && targets.every((target) => starts.has(target) || (isWhole && target === to));
}

function isSideEffectFree({ kind, memory, toReg, reg, rm, immediate }: Instruction): boolean {
  if (!SIDE_EFFECT_FREE.has(kind)) return false;
  const isLoad =
    kind === 'MOVE' &&
    toReg &&
    memory !== null &&
    memory.index < 0 &&
    (memory.base === RSP || memory.base === RBP);
  if (memory !== null && kind !== 'NOTHING' && !isLoad) return false;
  const target = toReg ? reg : rm;
  return (
    target !== RSP ||
    kind === 'PUSH' ||
    kind === 'COMPARE' ||
    kind === 'NOTHING' ||
    (kind === 'ADD' && immediate !== null)
  );
}

/**
 * Returns true if the relocated instruction passes the patch
 * to the core, loads an address, or calls a listed function.
 */
function isRelocatedWithoutSideEffects(
  file: ElfFile,
  code: Uint8Array,
  relocations: Relocations,
  next: number,
  at: number,
  { length, kind, toReg, reg, rm, memory }: Instruction,
  enableCalls: ReadonlySet<number>,
): boolean {
  const place = relocations.at(next);
  if (relocations.at(next + 1) < at + length) return false;
  const target = toReg ? reg : rm;
  if (kind === 'MOVE' || kind === 'ADDRESS') {
    // The address is the last part of the instruction, and one of
    // data: mov $address, %register or lea address(%rip), %register.
    const isAddress = kind === 'MOVE' ? memory === null : memory?.base === -1 && memory.index === -1;
    const isData = file.sections[relocations.toSection(next)]?.executable === false;
    // It ends with the instruction. A longer one would write into the next.
    const width =
      relocations.type(next) === R_64 ? 8 : WRITES_FOUR_BYTES.has(relocations.type(next)) ? 4 : Number.NaN;
    return isAddress && target !== RSP && place + width === at + length && (enableCalls.has(next) || isData);
  }
  if (
    (kind !== 'CALL' && kind !== 'JUMP') ||
    place !== at + 1 ||
    !isCall(code, relocations, next) ||
    relocations.toSection(next) !== 0
  )
    return false;
  return SIDE_EFFECT_FREE_CALLS.has(file.symbols.name(relocations.symbol(next)));
}

/** Returns true if alternatives, static branches or fixups may replace this code. */
function isRewritten(file: ElfFile, ranges: readonly CodeRange[]): boolean {
  const sections = ranges.map(({ section }) => section);
  for (const { section: source, relocations, entries } of file.relocations.uses(
    file.symbols.inSections(sections),
  )) {
    if (source.executable || REFERENCES.test(source.name)) continue;
    const hits = (next: number) =>
      ranges.some(
        ({ section, from, to }) =>
          relocations.toSection(next) === section.index &&
          ((from === 0 && to === section.size) ||
            (relocations.to(next) >= from && relocations.to(next) < to)),
      );
    if (entries.some(hits)) return true;
  }
  return false;
}
