import type { ElfFile } from './elf/file.js';
import type { Builder, ModuleObject, StateImpact, Unreadable } from './reading.js';

/** What the impact is judged by; each fact is proven, so `false` and null mean "not proven". */
export interface Evidence {
  readonly builder: Builder;
  readonly states: number;
  readonly shadowedStates: number;
  readonly unreadable: Unreadable | null;
  readonly objects: readonly ModuleObject[] | null;
  /** The arrays end where they seem to, and nothing else points into them. */
  readonly objectsComplete: boolean;
  readonly quiet: boolean;
}

/**
 * Symbols of the livepatch core that only enable; any other
 * `klp_` import deals with states or shadow variables.
 */
const ENABLING = new Set([
  'klp_enable_patch',
  'klp_register_patch',
  'klp_unregister_patch',
  'klp_find_section_by_name',
]);
/** Code that runs when the module is loaded, in addition to its init function. */
const RUNS_AT_LOAD =
  /^(__param|\.init_array.*|\.ctors.*|\.kpatch\.hooks\..*|_ftrace_events|__tracepoints_ptrs|__bpf_raw_tp_map)$/;

/** Returns true if a symbol has `klp_shadow_` in its name: imported, as `.klp.sym.*`, or with a suffix. */
export function usesShadowVariables(file: ElfFile): boolean {
  return file.symbols.containing('klp_shadow_').length > 0;
}

/**
 * Returns the effect of the module on system state, as far as its file shows.
 *
 * `NONE` is given only where every way to change state that a file can show
 * is ruled out; being wrong towards it is the one error that must not happen.
 */
export function judgeImpact(
  file: ElfFile,
  evidence: Evidence,
): { impact: StateImpact; impactReasons: string[] } {
  if (evidence.unreadable !== null)
    return {
      impact: 'UNREADABLE',
      impactReasons: [`${evidence.unreadable.code}: ${evidence.unreadable.text}`],
    };
  if (evidence.states > 0) return { impact: 'DECLARED', impactReasons: [] };
  const impactReasons = [...findDoubts(file, evidence)];
  return { impact: impactReasons.length === 0 ? 'NONE' : 'UNDECLARED', impactReasons };
}

function* findDoubts(
  file: ElfFile,
  { builder, shadowedStates, objects, objectsComplete, quiet }: Evidence,
): Generator<string> {
  if (shadowedStates > 0)
    yield 'STATES_HIDDEN: it has states behind an id 0, where the kernel does not see them';
  if (objects === null) yield 'OBJECTS_CHANGED: its objects are made or changed at run time';
  else if (!objectsComplete)
    yield 'OBJECTS_UNPROVEN: other data points into its objects, or the symbol table does not confirm where their arrays end';
  const withCallbacks =
    objects?.filter(({ callbacks }) => Object.values(callbacks).some(Boolean)).map(({ name }) => name) ?? [];
  if (withCallbacks.length > 0)
    yield `CALLBACKS: it has callbacks on ${[...new Set(withCallbacks)].slice(0, 5).join(', ')}`;
  if (usesShadowVariables(file)) yield 'SHADOW_VARIABLES: it uses shadow variables';
  const imports = file.symbols.containing('klp_').filter((symbol) => file.symbols.section[symbol] === 0);
  const others = imports
    .map((symbol) => file.symbols.name(symbol))
    .filter((name) => name.startsWith('klp_') && !name.startsWith('klp_shadow_') && !ENABLING.has(name));
  if (others.length > 0) yield `CORE_CALLS: it calls ${[...new Set(others)].slice(0, 5).join(', ')}`;
  const atLoad = file.sections
    .filter((section) => section.loaded && section.size > 0 && RUNS_AT_LOAD.test(section.name))
    .map(({ name }) => name);
  if (atLoad.length > 0)
    yield `LOAD_CODE: it has code that runs at load, or parameters (${[...new Set(atLoad)].slice(0, 5).join(', ')})`;
  if (builder === 'STATIC' && !quiet)
    yield 'INIT_CODE: its init or exit code may do more than enable the patch';
}
