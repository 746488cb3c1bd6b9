import type { ElfFile } from '../elf/file.js';
import type { Relocations } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';
import type { Candidate } from '../klp/candidates.js';
import { RangeIndex, type Range } from '../klp/data.js';
import { PATCH, STATE } from '../klp/layout.js';
import { because, type States } from '../klp/states.js';
import type { Unreadable } from '../reading.js';
import type { EnableCalls } from './enable-calls.js';
import { TocUses } from './ppc64.js';
import { isByteAccess, isUnderstood, reachOf, type Reach } from './x86.js';

/**
 * How far before an array the address of an access to it may
 * be, in bytes: with an index register, and in a register.
 */
const INDEXED_BIAS = 512;
const ADDRESS_BIAS = 4 * STATE.size;
/** And with the rest of the instruction, which is counted in. */
const LONGEST_REACH = INDEXED_BIAS + 8;

/** What the module may change, while it runs, of what its file declares. */
export interface Changes {
  readonly states: Unreadable | null;
  readonly replace: boolean;
  readonly objects: boolean;
  /**
   * Other data points into the objects: nothing changes them as
   * far as code shows, and nothing proves that nothing does.
   */
  readonly objectsExposed: boolean;
}

/**
 * Returns the parts of the declaration that the module may change at run time.
 *
 * Every relocation that can reach the patch, its states or its objects is accounted for: it is part
 * of the declaration, hands the patch to the core, is a state's `data`, or it counts as a change.
 * Reads and writes are not distinguished. On architectures other than x86-64, any other
 * use of the same section counts: there, code addresses one object from another's address.
 */
export function findChanges(
  file: ElfFile,
  patch: Candidate,
  states: States,
  enableCalls: EnableCalls,
): Changes {
  const found: { states: Unreadable | null; replace: boolean; objects: boolean; objectsExposed: boolean } = {
    states: null,
    replace: false,
    objects: false,
    objectsExposed: false,
  };
  const declared = [patch.range, ...patch.objects.ranges];
  const declaredBytes = new RangeIndex(declared);
  const objects = new RangeIndex(patch.objects.ranges);
  const guarded = [...declared, ...(states.range === null ? [] : [states.range])];
  const spans = spansOf(guarded);
  const toc = new TocUses(file, enableCalls);
  for (const { section, relocations, entries } of file.relocations.uses(
    file.symbols.inSections(guarded.map((range) => range.section)),
  )) {
    const skip = enableCalls.get(section.index);
    let code: Uint8Array | null = null;
    for (const next of entries) {
      if (toc.isToc(section) && !toc.isUsed(relocations.at(next))) continue;
      if (skip?.has(next) === true || (!toc.isToc(section) && isFar(file, section, relocations, next, spans)))
        continue;
      if (section.executable) code ??= file.contents(section);
      if (!section.executable && declaredBytes.contains(section.index, relocations.at(next))) continue;
      const use = toc.isToc(section)
        ? { ...ANYTHING, to: relocations.toSection(next) }
        : findUse(file, code, relocations, next);
      if (hits(use, patch.range)) {
        const onlyReplace = isOnlyReplace(use, section, patch);
        found.replace = true;
        found.objects ||= !onlyReplace;
        if (!onlyReplace) found.states ??= describe(use, 'the klp_patch');
      }
      if (
        states.range !== null &&
        !isOnlyData(use, states.range) &&
        (hits(use, states.range) || mayReach(file, use, states.range))
      )
        found.states ??= describe(use, 'the states');
      if (hitsAny(use, objects) || mayReachAny(file, use, objects)) {
        if (use.isData) found.objectsExposed = true;
        else found.objects = true;
      }
    }
  }
  return found;
}

/**
 * Where a place must be, for each section, to be one that
 * instructions with that place may reach one of the ranges from.
 */
function spansOf(ranges: readonly Range[]): Map<number, { from: number; to: number }> {
  const spans = new Map<number, { from: number; to: number }>();
  for (const { section, from, to } of ranges) {
    const others = spans.get(section.index) ?? { from, to };
    spans.set(section.index, {
      from: Math.min(others.from, from - LONGEST_REACH),
      to: Math.max(others.to, to),
    });
  }
  return spans;
}

/** Returns true for a use that is far from everything declared, as most uses of the same section are. */
function isFar(
  file: ElfFile,
  section: Section,
  relocations: Relocations,
  next: number,
  spans: ReturnType<typeof spansOf>,
): boolean {
  if (section.executable && !(file.machine.arch === 'x86_64' && isUnderstood(relocations.type(next))))
    return false;
  const span = spans.get(relocations.toSection(next))!;
  const to = relocations.to(next);
  return to < span.from || to >= span.to;
}

/** What a relocation does with the section that it points into. */
interface Use extends Reach {
  readonly to: number;
  /** The accessed byte, if exactly one byte is accessed. */
  readonly byte: number | null;
  readonly isData: boolean;
}

/** Code may reach all of the section. */
const ANYTHING = { kind: 'ANYTHING', starts: [], byte: null, isData: false } as const;

/** `code`: the bytes of the relocated section, where it is code. */
function findUse(file: ElfFile, code: Uint8Array | null, relocations: Relocations, next: number): Use {
  const to = relocations.toSection(next);
  if (code === null) return { to, kind: 'EXACT', starts: [relocations.to(next)], byte: null, isData: true };
  if (file.machine.arch !== 'x86_64') return { ...ANYTHING, to };
  const { kind, starts } = reachOf(code, relocations, next);
  return { to, kind, starts, byte: isByteAccess(code, relocations, next), isData: false };
}

/** Returns true if the use refers to a byte of the range. */
function hits(use: Use, range: Range): boolean {
  if (use.to !== range.section.index) return false;
  return use.kind === 'ANYTHING' || use.starts.some((start) => start >= range.from && start < range.to);
}

/**
 * Returns true if the use may reach the range from a byte before it.
 *
 * Compilers fold `array[i - 1]` into the address. A use that names
 * the start of another object is taken for a use of that object.
 */
function mayReach(file: ElfFile, use: Use, range: Range): boolean {
  if (use.to !== range.section.index || (use.kind !== 'INDEXED' && use.kind !== 'ADDRESS')) return false;
  const before = range.from - use.starts[0]!;
  const isNear =
    use.kind === 'INDEXED'
      ? before <= INDEXED_BIAS
      : before <= ADDRESS_BIAS && (before % STATE.size === 0 || before % STATE.size === STATE.data);
  return before > 0 && isNear && !file.symbols.startsObject(use.to, use.starts[0]!);
}

/** As `hits`, for any of many ranges. */
function hitsAny(use: Use, ranges: RangeIndex): boolean {
  return use.kind === 'ANYTHING'
    ? ranges.has(use.to)
    : use.starts.some((start) => ranges.contains(use.to, start));
}

/** As `mayReach`, for any of many ranges. */
function mayReachAny(file: ElfFile, use: Use, ranges: RangeIndex): boolean {
  if (use.kind !== 'INDEXED' && use.kind !== 'ADDRESS') return false;
  return ranges
    .startingWithin(use.to, use.starts[0]!, INDEXED_BIAS)
    .some((range) => mayReach(file, use, range));
}

/** Returns true if only the flag is used: by a one-byte access, or a module parameter of that field. */
function isOnlyReplace(use: Use, section: Section, { at }: Candidate): boolean {
  const flag = at.offset + PATCH.replace;
  return use.byte === flag || (section.name === '__param' && use.starts[0] === flag);
}

/** Returns true if code uses only the `data` pointers of states, which no rule reads. */
function isOnlyData(use: Use, states: Range): boolean {
  if (use.isData || use.to !== states.section.index || (use.kind !== 'EXACT' && use.kind !== 'ADDRESS'))
    return false;
  const isData = (start: number) =>
    start >= states.from && start < states.to && (start - states.from) % STATE.size >= STATE.padding;
  return (
    use.starts.some(isData) &&
    use.starts.every((start) => isData(start) || start < states.from || start >= states.to)
  );
}

function describe({ isData }: Use, what: string): Unreadable {
  return isData
    ? because('ADDRESS_ESCAPES', `other data or a module parameter points into ${what}`)
    : because('CHANGED_AT_RUN_TIME', `code uses ${what} in a way that may change it`);
}
