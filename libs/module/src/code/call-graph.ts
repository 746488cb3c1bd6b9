import type { ElfFile } from '../elf/file.js';
import { firstAt } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';
import type { Extent } from '../elf/symbols.js';
import { decode } from './instruction.js';
import { isUnderstood } from './x86.js';

/**
 * One place from which code goes to another place: `at` is
 * the instruction's first byte, `after` the one behind it.
 */
export interface Reference {
  readonly section: Section;
  readonly at: number;
  readonly after: number;
  readonly how: 'CALL' | 'JUMP' | 'ADDRESS';
}

interface Direct extends Reference {
  readonly to: number;
}

const BRANCHES = new Set(['JUMP', 'BRANCH']);

/** Finds the code of an x86-64 module that calls, jumps to or names one of its functions. */
export class CallGraph {
  private readonly direct = new Map<number, readonly Direct[]>();

  constructor(private readonly file: ElfFile) {}

  /** The function that a symbol says is here. */
  functionAt(section: number, at: number): Extent | null {
    return this.file.symbols.functionAt(section, at);
  }

  /**
   * Every place outside of the function from which code goes into it, and each place that holds its address.
   */
  *referencesTo({ section, offset, size }: Extent): Generator<Reference> {
    const { file } = this;
    const isInside = (to: number) => to >= offset && to < offset + size;
    const home = file.sections[section]!;
    for (const { section: source, relocations, entries } of file.relocations.uses(
      file.symbols.inSections([home]),
    )) {
      const code = source.executable ? file.contents(source) : null;
      for (const next of entries) {
        if (relocations.toSection(next) !== section) continue;
        const at = relocations.at(next);
        if (code === null) {
          if (relocations.to(next) === offset) yield { section: source, at, after: at, how: 'ADDRESS' };
          continue;
        }
        const branch = branchAt(code, at);
        if (branch !== null && isInside(relocations.to(next) + 4)) {
          if (source !== home || !isInside(at))
            yield { section: source, at: branch.at, after: at + 4, how: branch.how };
        } else if (
          !isUnderstood(relocations.type(next)) ||
          [0, 4].some((excess) => relocations.to(next) + excess === offset)
        )
          yield { section: source, at, after: at, how: 'ADDRESS' };
      }
    }
    for (const reference of this.directIn(home))
      if (isInside(reference.to) && !isInside(reference.at)) yield reference;
  }

  /** The calls and jumps of a section to places in it that carry no relocation. */
  private directIn(section: Section): readonly Direct[] {
    const known = this.direct.get(section.index);
    if (known !== undefined) return known;
    const found: Direct[] = [];
    const code = this.file.contents(section);
    let swept = 0;
    for (const { offset, size } of this.file.symbols.functionsIn(section.index)) {
      const to = Math.min(offset + size, code.length);
      this.sweep(section, code, Math.max(offset, swept), to, found);
      swept = Math.max(swept, to);
    }
    this.direct.set(section.index, found);
    return found;
  }

  /**
   * Decodes from one instruction to the next; behind one
   * that is not known, each byte may begin a call or jump.
   */
  private sweep(section: Section, code: Uint8Array, from: number, to: number, found: Direct[]): void {
    const relocations = this.file.relocations.of(section);
    let isLost = false;
    let step = 1;
    for (let at = from; at < to; at += step) {
      const instruction = decode(code, at);
      isLost ||= instruction === null;
      step = isLost ? 1 : instruction!.length;
      if (instruction === null || instruction.immediate === null) continue;
      const how = instruction.kind === 'CALL' ? 'CALL' : BRANCHES.has(instruction.kind) ? 'JUMP' : null;
      if (how === null) continue;
      const after = at + instruction.length;
      const isFilledIn = relocations !== null && relocations.at(firstAt(relocations, at)) < after;
      if (!isFilledIn) found.push({ section, at, after, how, to: after + instruction.immediate });
    }
  }
}

/** Returns true if the relocation is the distance of a call or jump. */
function branchAt(
  code: Uint8Array,
  at: number,
): { readonly at: number; readonly how: 'CALL' | 'JUMP' } | null {
  const opcode = code[at - 1];
  if (opcode === 0xe8) return { at: at - 1, how: 'CALL' };
  if (opcode === 0xe9) return { at: at - 1, how: 'JUMP' };
  return code[at - 2] === 0x0f && opcode !== undefined && (opcode & 0xf0) === 0x80
    ? { at: at - 2, how: 'JUMP' }
    : null;
}
