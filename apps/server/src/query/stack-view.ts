import {
  type Catalog,
  type KnownPatch,
  type ListedPatch,
  resolvePatch,
  type Situation,
} from '@klpreg/compat';
import type * as Sdl from './generated/schema.js';
import { type PatchView, stateViews } from './patch-view.js';

export type Patches = ReadonlyMap<string, PatchView>;
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

export const stackView = (
  situation: Situation | undefined,
  catalog: Catalog,
  patches: Patches,
): Sdl.ListedPatch[] =>
  (situation?.list ?? []).map((listed) => listedView(resolvePatch(listed, catalog), listed, patches));
