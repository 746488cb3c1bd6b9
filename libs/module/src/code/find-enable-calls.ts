import type { ElfFile, Place } from '../elf/file.js';
import type { Relocations } from '../elf/relocations.js';
import type { Section } from '../elf/sections.js';
import { pointsToThisModule, thisModule } from '../klp/candidates.js';
import { because } from '../klp/states.js';
import type { Unreadable } from '../reading.js';
import type { EnableCalls } from './enable-calls.js';
import { mayBranchInto } from './branches.js';
import { findPpcArgument, TocUses } from './ppc64.js';
import { findSequence, knowsCalls } from './sequences.js';
import { mayJumpInto } from './jumps.js';
import { findArgument as findX86Argument, reachOf } from './x86.js';

/** Each call costs a search of all relocations. */
const MAX_CALLS = 8;
/** Sections that only list places in code; nothing jumps by them. */
export const LISTS_OF_PLACES =
  /^(__mcount_loc|__patchable_function_entries|\.call_sites|\.return_sites|\.retpoline_sites|\.ibt_endbr_seal|\.orc_unwind_ip|__bug_table|\.discard\..*)$/;

/**
 * Finds the calls of `klp_enable_patch()`, and checks that each one provably gets this patch.
 *
 * The shape of a structure is evidence, being enabled is proof. So each call must load the address of this
 * patch in the instructions right before it, and nothing may jump between them. `klp_get_state()` with the
 * same argument is also allowed, because the core only reads.
 */
export function findEnableCalls(file: ElfFile, patch: Place): EnableCalls | Unreadable {
  const enable = new Set(file.symbols.containing('klp_enable_patch'));
  const getState = new Set(
    file.symbols
      .containing('klp_get_state')
      .filter((symbol) => file.symbols.name(symbol) === 'klp_get_state'),
  );
  const enableCalls = new Map<number, Set<number>>();
  let enabled = 0;
  for (const { section, relocations, entries } of file.relocations.uses(
    file.symbols.marked([...enable, ...getState]),
  )) {
    const found = new Set<number>();
    for (const next of entries) {
      const symbol = relocations.symbol(next);
      if (getState.has(symbol) && section.executable)
        findLoads(file, section, relocations, next, patch)?.loads.forEach((load) => found.add(load));
      if (!enable.has(symbol)) continue;
      const isTheCore = relocations.toSection(next) === 0 && file.symbols.name(symbol) === 'klp_enable_patch';
      const loaded =
        isTheCore && section.executable ? findLoads(file, section, relocations, next, patch) : null;
      if (loaded === null || isJumpedInto(file, section, relocations, loaded))
        return because(
          'ENABLED_ELSEWHERE',
          'klp_enable_patch() is used with something else than surely the one patch that was found',
        );
      loaded.loads.forEach((load) => found.add(load));
      if (++enabled > MAX_CALLS)
        return because('ENABLED_ELSEWHERE', 'it calls klp_enable_patch() more often than any real module');
    }
    enableCalls.set(section.index, found);
  }
  return enabled > 0
    ? enableCalls
    : because('NOT_ENABLED', 'no code hands the patch that was found to klp_enable_patch()');
}

interface Loaded {
  readonly loads: readonly number[];
  /** Nothing may jump to a place behind `from`, up to `to`: it would skip the load. */
  readonly from: number;
  readonly to: number;
}

function findLoads(
  file: ElfFile,
  section: Section,
  relocations: Relocations,
  call: number,
  patch: Place,
): Loaded | null {
  if (!isAlone(relocations, call)) return null;
  if (file.machine.arch === 'x86_64') {
    const found = findX86Argument(
      file.contents(section),
      relocations,
      call,
      patch.section.index,
      patch.offset,
    );
    return found !== null && isAlone(relocations, found.load)
      ? { loads: [found.load], from: found.from - 3, to: found.to }
      : null;
  }
  if (!knowsCalls(file.machine)) return null;
  const loads =
    file.machine.arch === 'ppc64le'
      ? findPpcArgument(file, section, relocations, call, patch)
      : findSequence(file.machine, file.bytes, section, relocations, call, patch.section.index, patch.offset);
  return loads !== null && loads.every((load) => isAlone(relocations, load))
    ? { loads, from: relocations.at(loads.at(-1)!), to: relocations.at(call) }
    : null;
}

/** Returns true if no other relocation writes the same four bytes. */
function isAlone(relocations: Relocations, next: number): boolean {
  const at = relocations.at(next);
  return !(relocations.at(next - 1) > at - 4) && !(relocations.at(next + 1) < at + 4);
}

/**
 * Returns true if the call may be reached with another argument,
 * or on other architectures if the code may build a patch.
 */
function isJumpedInto(
  file: ElfFile,
  section: Section,
  relocations: Relocations,
  { from, to }: Loaded,
): boolean {
  const isX86 = file.machine.arch === 'x86_64';
  const isReached = isX86
    ? mayJumpInto(file.contents(section), relocations, from, to)
    : mayBranchInto(file.machine, file.bytes, section, relocations, from, to);
  if (isReached || TocUses.namesThisModule(file)) return true;
  const symbols = file.symbols.inSections(isX86 ? [section] : [section, ...thisModule(file)]);
  for (const { section: source, relocations: others, entries } of file.relocations.uses(symbols)) {
    if (LISTS_OF_PLACES.test(source.name)) continue;
    const code = isX86 && source.executable ? file.contents(source) : null;
    for (const next of entries) {
      // a heap-made patch needs its `mod` set, hence the module's own address
      if (
        !isX86 &&
        source.executable &&
        (source === section || source.name.startsWith('.init')) &&
        pointsToThisModule(file, others, next)
      )
        return true;
      if (others.toSection(next) !== section.index) continue;
      const targets = code === null ? [others.to(next)] : reachOf(code, others, next).starts;
      if (targets.some((target) => target > from && target <= to)) return true;
    }
  }
  return false;
}
