import { conflictsOf, type StoredPatch } from '../store/catalog/manifests.js';
import type * as Sdl from './generated/schema.js';
import { toId } from './ids.js';
import { memoizedView } from './memoized-view.js';

export const stateViews = (states: readonly Sdl.PatchState[] | null): Sdl.PatchState[] | null =>
  states?.map(({ id, version }) => ({ id, version })) ?? null;

export type PatchView = Sdl.Patch & { readonly __typename: 'Patch' };

export const patchView = memoizedView((row: StoredPatch): PatchView => {
  const { author } = row;
  return {
    __typename: 'Patch',
    id: toId('Patch', row.buildId),
    buildId: row.buildId,
    name: row.name,
    release: row.release,
    owner: row.owner,
    ownership: row.ownership,
    kernelRelease: row.kernelRelease,
    arch: row.arch,
    vermagic: row.vermagic,
    sha256: row.sha256,
    files: row.files,
    rewritesEarlierStates: row.rewritesEarlierStates,
    srcversion: row.srcversion,
    builder: row.builder,
    replace: row.replace,
    states: stateViews(row.states),
    unreadable: row.unreadable,
    impact: row.impact,
    impactReasons: row.impactReasons,
    callbacks: row.callbacks,
    objects: row.objects ?? [],
    evidence: row.evidence,
    conflicts: conflictsOf(row),
    author:
      author === null
        ? null
        : {
            ...author.statement,
            revision: author.revision,
            evidence: author.evidence,
            signedBy: author.key,
            signedFile: author.signedFile,
            at: author.at,
          },
    publishedAt: row.publishedAt,
    recalledAt: row.recalledAt,
    recallReason: row.recallReason,
  };
});
