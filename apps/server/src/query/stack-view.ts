import type { KnownPatch, ListedPatch, ResolvedSituation } from '@klpreg/compat';
import type { StoredPatch } from '../store/catalog/manifests.js';
import type * as Sdl from './generated/schema.js';
import { memoizedView } from './memoized-view.js';
import { patchView, type PatchView, stateViews } from './patch-view.js';

export type Patches = ReadonlyMap<string, PatchView>;
export const patchesOf = (rows: readonly StoredPatch[]): Patches =>
  new Map(rows.map((row) => [row.buildId, patchView(row)]));
export const patchOf = (buildId: string | null, patches: Patches): PatchView | null =>
  buildId === null ? null : (patches.get(buildId) ?? null);

export const listedView = (known: KnownPatch, listed: ListedPatch, patches: Patches): Sdl.ListedPatch => ({
  name: known.name,
  buildId: known.buildId,
  enabled: known.enabled,
  transition: known.transition,
  replace: known.replace,
  states: stateViews(known.states),
  evidence: known.states === null ? null : known.evidence,
  moduleState: listed.moduleState,
  moduleTaint: listed.moduleTaint,
  file: listed.file,
  patch: patchOf(known.buildId, patches),
});

/** Returns the list of these hosts, with the patches of the catalog in which they were resolved. */
export const stackView = memoizedView(
  ({ list, situation }: ResolvedSituation, patches: Patches): Sdl.ListedPatch[] =>
    list.map((known, i) => listedView(known, situation.list[i]!, patches)),
);
