import { loadedName } from '@klpreg/compat';
import type { AuthorStatement, FileFacts, Manifest } from '@klpreg/wire';
import type { StoredPatch, StoredStatement } from './manifests.js';
import type { PatchFacts } from './patches.store.js';

/** The facts of a module whose file was not uploaded: `UNSIGNED` evidence. */
export const factsOfManifest = (facts: FileFacts, buildId: string): PatchFacts => ({
  buildId,
  name: loadedName(facts.name),
  kernelRelease: facts.kernelRelease,
  arch: facts.arch,
  vermagic: facts.vermagic,
  modversions: facts.vermagic?.split(' ').includes('modversions') ?? false,
  srcversion: facts.srcversion,
  sha256: facts.sha256,
  contentSha256: facts.contentSha256 ?? null,
  file:
    facts.sha256 === null || facts.signed === undefined
      ? null
      : {
          sha256: facts.sha256,
          signed: facts.signed,
          signer: facts.signer ?? null,
          size: facts.size ?? null,
        },
  rewritesEarlierStates: facts.rewritesEarlierStates ?? false,
  livepatch: facts.livepatch,
  builder: facts.builder,
  replace: facts.replace,
  states: facts.states?.map(({ id, version }) => ({ id: BigInt(id), version })) ?? null,
  unreadable: facts.states === null ? 'its publisher does not know them' : null,
  impact: facts.impact,
  impactReasons: [],
  callbacks: facts.callbacks,
  objects: facts.objects.map(({ name, spelled, functions }) => ({
    name,
    ...(spelled !== undefined && { spelled }),
    functions,
  })),
  evidence: 'UNSIGNED',
});

/** The author statement as it is stored. */
export const toStoredStatement = (author: AuthorStatement): StoredStatement => ({
  states: author.states.map(({ id, version, what, restore }) => ({
    id,
    version,
    what,
    restore: restore.toUpperCase().replace('-', '_') as StoredStatement['states'][number]['restore'],
  })),
  impactNone: author.stateImpact === 'none',
  independentOf: author.independentOf,
  cves: author.cves,
  unsupported: author.unsupported.map((what) => what.toUpperCase() as StoredStatement['unsupported'][number]),
  notes: author.notes,
});

/**
 * A patch that is not published, as it would be if this manifest were: unsigned, whatever it says of a
 * signature.
 */
export function unpublishedPatch({
  buildId,
  release,
  owner,
  author,
  facts: declared,
}: Manifest): StoredPatch {
  const { file, ...facts } = factsOfManifest(declared, buildId);
  const never = new Date(0);
  return {
    ...facts,
    impactReasons: [],
    objects: facts.objects,
    release,
    owner,
    ownership: 'UNSIGNED',
    earlierReleases: [],
    otherFiles: [],
    disagreements: [],
    publishedAt: never,
    publishedBy: '',
    recalledAt: null,
    recallReason: null,
    files: file === null ? [] : [file],
    author:
      author === null
        ? null
        : {
            revision: 1,
            evidence: 'UNSIGNED',
            key: null,
            signedFile: null,
            at: never,
            statement: toStoredStatement(author),
          },
  };
}
