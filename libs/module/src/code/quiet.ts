import type { ElfFile } from '../elf/file.js';
import { firstAt, type Relocations } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';
import type { Handovers } from './enabling.js';
import { harmlessLength } from './harmless.js';
import { isCall } from './x86.js';

/** What a compiler calls by itself. Indirect thunks are not in it: they call anything. */
const THUNKS = new Set(['__fentry__', '__x86_return_thunk', '__stack_chk_fail']);
const INIT_OR_EXIT = /^\.(init|exit)\.text/;
/** Sections whose entries into init code are its own address or lists of places. */
const ORDINARY =
  /^(\.gnu\.linkonce\.this_module|\.init\.data|\.exit\.data|__mcount_loc|__patchable_function_entries|\.call_sites|\.return_sites|\.ibt_endbr_seal|\.orc_unwind_ip|\.discard\..*)$/;

/**
 * Do the module's init and exit functions provably nothing but enable the patch?
 *
 * Every instruction must be known: moves between registers and stack, short jumps, returns, compiler thunks, and `klp_enable_patch(&patch)`.
 * Only on x86-64; elsewhere nothing is proven.
 */
export function isQuiet(file: ElfFile, handovers: Handovers): boolean {
  if (file.machine.arch !== 'x86_64') return false;
  const self = file.section('.gnu.linkonce.this_module');
  const entries = self === null ? null : file.relocations.of(self);
  if (entries === null) return false;
  // module_init() and module_exit() without __init and __exit are in .text, among other functions: not looked at, hence not quiet
  for (let next = 0; next < entries.count; next++) {
    if (!INIT_OR_EXIT.test(file.sections[entries.toSection(next)]?.name ?? '')) return false;
  }
  const code = file.sections.filter((section) => section.executable && INIT_OR_EXIT.test(section.name));
  return code.every((section) => isQuietCode(file, section, handovers.get(section.index) ?? new Set())) && !isRewritten(file, code);
}

function isQuietCode(file: ElfFile, section: Section, handovers: ReadonlySet<number>): boolean {
  const code = file.contents(section);
  const relocations = file.relocations.of(section);
  const starts = new Set<number>();
  const targets: number[] = [];
  for (let at = 0; at < code.length;) {
    starts.add(at);
    const jump = jumpTarget(code, at);
    const next = relocations === null ? -1 : firstAt(relocations, at);
    const isRelocated = (length: number) => relocations !== null && relocations.at(next) < at + length;
    let length = code[at] === 0xc3 || code[at] === 0xcc ? 1 : harmlessLength(code, at);
    if (length > 0 && isRelocated(length)) length = 0;
    if (length === 0 && jump !== null && !isRelocated(jump.length)) {
      targets.push(jump.to);
      length = jump.length;
    }
    if (length === 0 && relocations !== null) length = relocatedLength(file, code, relocations, next, at, handovers);
    if (length === 0) return false;
    at += length;
  }
  return targets.every((target) => starts.has(target) || target === code.length);
}

/** The length of the relocated instruction at `at`, if it hands the patch over or calls the core or a thunk; else 0. */
function relocatedLength(file: ElfFile, code: Uint8Array, relocations: Relocations, next: number, at: number, handovers: ReadonlySet<number>): number {
  const place = relocations.at(next);
  if (Number.isNaN(place) || relocations.at(next + 1) < place + 4) return 0;
  if (handovers.has(next)) return place === at + 3 ? 7 : place === at + 2 ? 10 : 0;
  if (place !== at + 1 || !isCall(code, relocations, next) || relocations.toSection(next) !== 0) return 0;
  const name = file.symbols.name(relocations.symbol(next));
  return name === 'klp_enable_patch' || THUNKS.has(name) ? 5 : 0;
}

function jumpTarget(code: Uint8Array, at: number): { readonly to: number; readonly length: number } | null {
  const opcode = code[at]!;
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  if (((opcode >= 0x70 && opcode <= 0x7f) || opcode === 0xeb) && at + 2 <= code.length) return { to: at + 2 + view.getInt8(at + 1), length: 2 };
  if (opcode === 0xe9 && at + 5 <= code.length) return { to: at + 5 + view.getInt32(at + 1, true), length: 5 };
  if (opcode === 0x0f && at + 6 <= code.length && (code[at + 1]! & 0xf0) === 0x80) return { to: at + 6 + view.getInt32(at + 2, true), length: 6 };
  return null;
}

/** May alternatives, static branches or fixups replace this code? */
function isRewritten(file: ElfFile, code: readonly Section[]): boolean {
  for (const { section } of file.relocations.uses(file.symbols.inSections(code))) if (!section.executable && !ORDINARY.test(section.name)) return true;
  return false;
}
