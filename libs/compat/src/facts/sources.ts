import { atLeast, type Callbacks, type Manifest, type Reading } from './manifest.js';
import { effectiveStates, type State } from '../rules/patch.js';

/** A patch as a host saw it, before anyone looks it up. */
export interface ObservedPatch {
  readonly name: string;
  readonly buildId: string | null;
  readonly reading: Reading | null;
  readonly replace?: boolean | null;
  readonly enabled?: boolean;
  readonly transition?: boolean;
}

/** All that a kernel makes of the entries with one id: the first one counts of a patch that comes in, the highest of a patch that is listed, and any of them may forbid disabling. */
interface Counted {
  readonly first: number;
  readonly highest: number;
  readonly blocks: boolean;
}

function countedById(states: readonly State[]): Map<bigint, Counted> {
  const counted = new Map<bigint, Counted>();
  for (const { id, version, blockDisable = false } of states) {
    const known = counted.get(id) ?? { first: version, highest: version, blocks: false };
    counted.set(id, { first: known.first, highest: Math.max(known.highest, version), blocks: known.blocks || blockDisable });
  }
  return counted;
}

/**
 * Would the kernel answer the same about both, whatever it is asked?
 *
 * Mirrors `klp_get_state()`, which takes the first entry with an id, and `klp_is_patch_compatible()`, which goes through every entry of a listed patch. Neither asks in which order
 * different ids stand, so two sources that tell them in different orders do not contradict each other.
 *
 * @param a effective states, as are the others
 */
function sameStates(a: readonly State[], b: readonly State[]): boolean {
  const [one, other] = [countedById(a), countedById(b)];
  if (one.size !== other.size) return false;
  for (const [id, { first, highest, blocks }] of one) {
    const also = other.get(id);
    if (also === undefined || also.first !== first || also.highest !== highest || also.blocks !== blocks) return false;
  }
  return true;
}

const sameCallbacks = (a: Callbacks, b: Callbacks): boolean =>
  a.prePatch === b.prePatch && a.postPatch === b.postPatch && a.preUnpatch === b.preUnpatch && a.postUnpatch === b.postUnpatch;

/** Which sources are there, strongest first? */
export function sourcesOf(sighting: ObservedPatch, manifest: Manifest | null): Reading[] {
  const sources = [sighting.reading, manifest].filter((source): source is Reading => source !== null);
  return sources.length === 2 && !atLeast(sources[0]!.evidence, sources[1]!.evidence) ? sources.reverse() : sources;
}

/** Do two sources contradict each other? A live reading may know what a file cannot tell; that is no contradiction. */
function contradict(a: Reading, b: Reading): boolean {
  const statesDiffer =
    a.states === null || b.states === null
      ? a.states !== b.states && a.evidence !== 'LIVE' && b.evidence !== 'LIVE'
      : !sameStates(effectiveStates(a.states), effectiveStates(b.states));
  const callbacksDiffer = a.callbacks !== null && b.callbacks !== null && !sameCallbacks(a.callbacks, b.callbacks);
  return statesDiffer || callbacksDiffer || (a.replace !== null && b.replace !== null && a.replace !== b.replace);
}

/** On what do the sources of one patch disagree? Field names for people; empty when they agree. */
export function conflictsOf(sighting: ObservedPatch, manifest: Manifest | null, sources: readonly Reading[]): string[] {
  const conflicts = [...(manifest?.conflicts ?? [])];
  if (sources.length === 2 && contradict(sources[0]!, sources[1]!)) conflicts.push('what the host read');
  const live = sighting.replace ?? null;
  if (live !== null && sources.some((source) => source.replace !== null && source.replace !== live)) conflicts.push('replace');
  return conflicts;
}

/** The states that the kernel sees; null where they cannot be read. What a module writes at run time is not in its file, whatever stands there. */
export const kernelStates = (strongest: Reading | undefined): readonly State[] | null =>
  strongest === undefined || strongest.states === null || (strongest.impact === 'UNREADABLE' && strongest.evidence !== 'LIVE')
    ? null
    : effectiveStates(strongest.states);

const anyCallback = (callbacks: Callbacks | null): boolean => callbacks !== null && Object.values(callbacks).some(Boolean);

/** Does this source prove that the module changes nothing? A file parsed by the registry does, or the running kernel. */
export const provesNone = (source: Reading | undefined): boolean =>
  source !== undefined && source.impact === 'NONE' && atLeast(source.evidence, 'MODULE') && !anyCallback(source.callbacks);
