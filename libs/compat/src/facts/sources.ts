import { atLeast, type Callbacks, type Manifest, type Reading } from './manifest.js';
import { effectiveStates, type State } from '../rules/patch.js';

/** A patch as a host observed it, before it is looked up. */
export interface ObservedPatch {
  readonly name: string;
  readonly buildId: string | null;
  readonly reading: Reading | null;
  readonly replace?: boolean | null;
  readonly enabled?: boolean;
  readonly transition?: boolean;
}

/**
 * What a kernel reads of the entries with one id: the first of a patch that comes in, the highest of a listed
 * patch.
 */
interface Counted {
  readonly first: number;
  readonly highest: number;
  readonly blocks: boolean;
}

function countedById(states: readonly State[]): Map<bigint, Counted> {
  const counted = new Map<bigint, Counted>();
  for (const { id, version, blockDisable = false } of states) {
    const known = counted.get(id) ?? { first: version, highest: version, blocks: false };
    counted.set(id, {
      first: known.first,
      highest: Math.max(known.highest, version),
      blocks: known.blocks || blockDisable,
    });
  }
  return counted;
}

/**
 * Returns whether the kernel would give the same answers about both.
 *
 * Mirrors `klp_get_state()`, which takes the first entry with an id, and `klp_is_patch_compatible()`, which
 * reads every entry of a listed patch. Neither depends on the order of different ids.
 *
 * @param a effective states, as are the others
 */
function sameStates(a: readonly State[], b: readonly State[]): boolean {
  const [one, other] = [countedById(a), countedById(b)];
  if (one.size !== other.size) return false;
  for (const [id, { first, highest, blocks }] of one) {
    const also = other.get(id);
    if (also === undefined || also.first !== first || also.highest !== highest || also.blocks !== blocks)
      return false;
  }
  return true;
}

const sameCallbacks = (a: Callbacks, b: Callbacks): boolean =>
  a.prePatch === b.prePatch &&
  a.postPatch === b.postPatch &&
  a.preUnpatch === b.preUnpatch &&
  a.postUnpatch === b.postUnpatch;

/** Returns the sources about this patch, strongest first. */
export function sourcesOf(observed: ObservedPatch, manifest: Manifest | null): Reading[] {
  const sources = [observed.reading, manifest].filter((source): source is Reading => source !== null);
  return sources.length === 2 && !atLeast(sources[0]!.evidence, sources[1]!.evidence)
    ? sources.reverse()
    : sources;
}

/**
 * Returns whether two sources contradict each other. A live reading may know what no file shows: no
 * contradiction.
 */
function contradict(a: Reading, b: Reading): boolean {
  const statesDiffer =
    a.states === null || b.states === null
      ? a.states !== b.states && a.evidence !== 'LIVE' && b.evidence !== 'LIVE'
      : !sameStates(effectiveStates(a.states), effectiveStates(b.states));
  const callbacksDiffer =
    a.callbacks !== null && b.callbacks !== null && !sameCallbacks(a.callbacks, b.callbacks);
  return (
    statesDiffer || callbacksDiffer || (a.replace !== null && b.replace !== null && a.replace !== b.replace)
  );
}

/** Returns what the sources of one patch disagree on, for people; empty if they agree. */
export function conflictsOf(
  observed: ObservedPatch,
  manifest: Manifest | null,
  sources: readonly Reading[],
): string[] {
  const conflicts = [...(manifest?.conflicts ?? [])];
  if (sources.length === 2 && contradict(sources[0]!, sources[1]!)) conflicts.push('what the host read');
  const live = observed.replace ?? null;
  if (live !== null && sources.some((source) => source.replace !== null && source.replace !== live))
    conflicts.push('replace');
  return conflicts;
}

/**
 * Returns the states that the kernel sees; null if they cannot be read. A file does not show what is written
 * at run time.
 */
export const kernelStates = (strongest: Reading | undefined): readonly State[] | null =>
  strongest === undefined ||
  strongest.states === null ||
  (strongest.impact === 'UNREADABLE' && strongest.evidence !== 'LIVE')
    ? null
    : effectiveStates(strongest.states);

const anyCallback = (callbacks: Callbacks | null): boolean =>
  callbacks !== null && Object.values(callbacks).some(Boolean);

/**
 * Returns whether this source proves that the module changes nothing: a file that was parsed, or the running
 * kernel.
 */
export const provesNone = (source: Reading | undefined): boolean =>
  source !== undefined &&
  source.impact === 'NONE' &&
  atLeast(source.evidence, 'MODULE') &&
  !anyCallback(source.callbacks);
