import type { StatesPatches, States } from './generated/operations.js';

export type StatePatch = StatesPatches['patches']['nodes'][number];
export type KnownState = States['states']['nodes'][number];
export type Restore = NonNullable<StatePatch['author']>['states'][number]['restore'];

/** What is wrong with a state in a patch. */
export type Mark = 'WENT_DOWN' | 'AUTHOR_DIFFERS' | 'CONFLICT';

/** A state in a patch. */
export interface MapCell {
  /** What the kernel compares. Null: the author alone declares the state, or the file cannot be read. */
  readonly version: number | null;
  /** What the author says happens when the patch is disabled. */
  readonly restore: Restore;
  readonly isSigned: boolean;
  readonly what: string;
  readonly marks: readonly Mark[];
}

/**
 * A patch with its cells, in the order of the map's state ids. Null: the patch does not declare the state.
 */
export interface MapRow {
  readonly patch: StatePatch;
  readonly cells: readonly (MapCell | null)[];
}

export interface StateMap {
  readonly ids: readonly string[];
  /** The newest first. */
  readonly rows: readonly MapRow[];
}

const byNumber = (a: string, b: string): number =>
  BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0;

/** All owners that declare a state. More than one is a conflict: each may give the id another meaning. */
export const ownersOf = ({ versions }: KnownState): string[] =>
  [...new Set(versions.flatMap(({ owners }) => owners))].sort();

/** The ids that these patches declare, in their files or by their authors, in numerical order. */
const idsOf = (patches: readonly StatePatch[]): string[] =>
  [
    ...new Set(
      patches.flatMap(({ states, author }) =>
        [...(states ?? []), ...(author?.states ?? [])].map(({ id }) => id),
      ),
    ),
  ].sort(byNumber);

const versionIn = ({ states }: StatePatch, id: string): number | null =>
  states?.find((state) => state.id === id)?.version ?? null;

/**
 * Returns the states of patches, and marks what does not agree.
 *
 * @param only this state; undefined: all
 */
export function mapOf(patches: readonly StatePatch[], only?: string): StateMap {
  const ids = only === undefined ? idsOf(patches) : [only];
  const ordered = patches.toSorted(
    (a, b) => a.publishedAt.localeCompare(b.publishedAt) || a.name.localeCompare(b.name),
  );
  /** The highest version before, by owner, kernel and id. */
  const highest = new Map<string, number>();
  const rows = ordered.map((patch): MapRow => {
    const cells = ids.map((id) => cellOf(patch, id, highest));
    return { patch, cells };
  });
  return { ids, rows: rows.toReversed() };
}

function cellOf(patch: StatePatch, id: string, highest: Map<string, number>): MapCell | null {
  const version = versionIn(patch, id);
  const stated = patch.author?.states.find((state) => state.id === id);
  if (version === null && stated === undefined) return null;
  const series = JSON.stringify([patch.owner, patch.kernelRelease, id]);
  const before = highest.get(series) ?? 0;
  if (version !== null) highest.set(series, Math.max(before, version));
  const marks: Mark[] = [];
  if (version !== null && version < before) marks.push('WENT_DOWN');
  if (stated !== undefined && patch.states !== null && stated.version !== version)
    marks.push('AUTHOR_DIFFERS');
  if (patch.conflicts.length > 0) marks.push('CONFLICT');
  return {
    version,
    restore: stated?.restore ?? 'UNKNOWN',
    isSigned: patch.author?.evidence === 'MANIFEST',
    what: stated?.what ?? '',
    marks,
  };
}
