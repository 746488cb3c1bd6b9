import type { ElfFile } from '../elf/file.js';
import { firstAt, type Relocations } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';
import type { Handovers } from './handovers.js';
import { decode, type Instruction } from './instruction.js';
import { WRITES_FOUR_BYTES } from './jumps.js';
import { isCall, R_64 } from './x86.js';

/**
 * Functions of the kernel that change nothing that a livepatch could have to undo: the log, and what a compiler calls by itself for tracing, coverage and stack protection.
 * Indirect thunks are not in it: they call anything.
 */
const SILENT = new Set(['klp_enable_patch', '_printk', 'printk', '__fentry__', '__sanitizer_cov_trace_pc', '__x86_return_thunk', '__stack_chk_fail']);
const INIT_OR_EXIT = /^\.(init|exit)\.text/;
/** Sections whose entries into this code are its own address or lists of places. */
const ORDINARY =
  /^(\.gnu\.linkonce\.this_module|\.init\.data|\.exit\.data|__mcount_loc|__patchable_function_entries|\.call_sites|\.return_sites|\.ibt_endbr_seal|\.orc_unwind_ip|\.discard\..*)$/;
/** Instructions that, on registers alone, have no effect beyond them. */
const HARMLESS = new Set<Instruction['kind']>(['NOTHING', 'MOVE', 'ADD', 'CHANGE', 'COMPARE', 'CONDITIONAL_MOVE', 'PUSH', 'POP', 'LEAVE']);
const RSP = 4;
const RBP = 5;
const INT3 = 0xcc;
/** More than any function that only enables a patch. */
const MAX_FUNCTION = 64 * 1024;

/** Code from one place of a section up to another. */
interface Stretch {
  readonly section: Section;
  readonly from: number;
  readonly to: number;
}

/**
 * Do the module's init and exit functions provably nothing but enable the patch, and write to the log?
 *
 * Every instruction must be known: moves between registers and stack, addresses, short jumps, returns, and calls of `klp_enable_patch(&patch)` and of silent functions.
 * Looked at are the sections of init and exit code as a whole, and elsewhere the functions that `init_module` and `cleanup_module` name.
 * Only on x86-64; on other architectures nothing is proven.
 */
export function isQuiet(file: ElfFile, handovers: Handovers): boolean {
  if (file.machine.arch !== 'x86_64') return false;
  const stretches = findStretches(file);
  return (
    stretches !== null && stretches.every((code) => isQuietCode(file, code, handovers.get(code.section.index) ?? new Set())) && !isRewritten(file, stretches)
  );
}

/** The code that runs when the module is loaded and removed; null where it is not known. */
function findStretches(file: ElfFile): Stretch[] | null {
  const self = file.section('.gnu.linkonce.this_module');
  const entries = self === null ? null : file.relocations.of(self);
  if (entries === null) return null;
  const stretches: Stretch[] = file.sections
    .filter((section) => section.executable && INIT_OR_EXIT.test(section.name))
    .map((section) => ({ section, from: 0, to: file.contents(section).length }));
  for (let next = 0; next < entries.count; next++) {
    const section = file.sections[entries.toSection(next)];
    const from = entries.to(next);
    if (section === undefined || section.index === 0) return null;
    if (INIT_OR_EXIT.test(section.name)) continue;
    const named = file.symbols.functionAt(section.index, from);
    if (!section.executable || named?.offset !== from || named.size > MAX_FUNCTION || from + named.size > file.contents(section).length) return null;
    stretches.push({ section, from, to: from + named.size });
  }
  return stretches;
}

function isQuietCode(file: ElfFile, { section, from, to }: Stretch, handovers: ReadonlySet<number>): boolean {
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
      if (!isQuietRelocated(file, code, relocations, next, at, instruction, handovers)) return false;
    } else if (instruction.kind === 'JUMP' || instruction.kind === 'BRANCH') targets.push(at + instruction.length + instruction.immediate!);
    else if (!isHarmless(instruction) && instruction.kind !== 'RETURN' && code[at] !== INT3) return false;
    at += instruction.length;
    ends = instruction.kind === 'JUMP' || instruction.kind === 'RETURN' || code[at - 1] === INT3;
  }
  // a function whose symbol ends too early would go on into code that was not looked at
  const isWhole = from === 0 && to === section.size;
  return (isWhole || ends) && targets.every((target) => starts.has(target) || (isWhole && target === to));
}

function isHarmless({ kind, memory, toReg, reg, rm, immediate }: Instruction): boolean {
  if (!HARMLESS.has(kind)) return false;
  const isLoad = kind === 'MOVE' && toReg && memory !== null && memory.index < 0 && (memory.base === RSP || memory.base === RBP);
  if (memory !== null && kind !== 'NOTHING' && !isLoad) return false;
  const target = toReg ? reg : rm;
  return target !== RSP || kind === 'PUSH' || kind === 'COMPARE' || kind === 'NOTHING' || (kind === 'ADD' && immediate !== null);
}

/** Does the relocated instruction hand the patch over, load an address into a register, or call a silent function? */
function isQuietRelocated(
  file: ElfFile,
  code: Uint8Array,
  relocations: Relocations,
  next: number,
  at: number,
  { length, kind, toReg, reg, rm, memory }: Instruction,
  handovers: ReadonlySet<number>,
): boolean {
  const place = relocations.at(next);
  if (relocations.at(next + 1) < at + length) return false;
  const target = toReg ? reg : rm;
  if (kind === 'MOVE' || kind === 'ADDRESS') {
    // the address is the instruction's last part, and of nothing but data: mov $address, %register and lea address(%rip), %register
    const isAddress = kind === 'MOVE' ? memory === null : memory?.base === -1 && memory.index === -1;
    const isData = file.sections[relocations.toSection(next)]?.executable === false;
    // it ends where the instruction ends: a longer one would write into the next
    const width = relocations.type(next) === R_64 ? 8 : WRITES_FOUR_BYTES.has(relocations.type(next)) ? 4 : Number.NaN;
    return isAddress && target !== RSP && place + width === at + length && (handovers.has(next) || isData);
  }
  if ((kind !== 'CALL' && kind !== 'JUMP') || place !== at + 1 || !isCall(code, relocations, next) || relocations.toSection(next) !== 0) return false;
  return SILENT.has(file.symbols.name(relocations.symbol(next)));
}

/** May alternatives, static branches or fixups replace this code? */
function isRewritten(file: ElfFile, stretches: readonly Stretch[]): boolean {
  const sections = stretches.map(({ section }) => section);
  for (const { section: source, relocations, entries } of file.relocations.uses(file.symbols.inSections(sections))) {
    if (source.executable || ORDINARY.test(source.name)) continue;
    const hits = (next: number) =>
      stretches.some(
        ({ section, from, to }) =>
          relocations.toSection(next) === section.index && ((from === 0 && to === section.size) || (relocations.to(next) >= from && relocations.to(next) < to)),
      );
    if (entries.some(hits)) return true;
  }
  return false;
}
