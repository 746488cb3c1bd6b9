import { loadedName } from '@klpreg/compat';
import type { ModuleReading } from '@klpreg/module';
import type { AuthorStatement, FileFacts } from '@klpreg/wire';
import type { StoredStatement } from '../../store/catalog/manifests.js';
import type { PatchFacts } from '../../store/catalog/patches.store.js';

const NO_CALLBACKS = { prePatch: false, postPatch: false, preUnpatch: false, postUnpatch: false };
type Callbacks = typeof NO_CALLBACKS;

/** The callbacks that any of these objects sets. */
const anyOf = (objects: readonly { readonly callbacks: Callbacks }[]): Callbacks =>
  objects.reduce<Callbacks>(
    (any, { callbacks }) => ({
      prePatch: any.prePatch || callbacks.prePatch,
      postPatch: any.postPatch || callbacks.postPatch,
      preUnpatch: any.preUnpatch || callbacks.preUnpatch,
      postUnpatch: any.postUnpatch || callbacks.postUnpatch,
    }),
    NO_CALLBACKS,
  );

/** The facts of a module file that the registry parsed itself: `MODULE` evidence. */
export const factsOfFile = (
  reading: ModuleReading,
  buildId: string,
  kernelRelease: string,
  size: number | null = null,
): PatchFacts => ({
  buildId,
  name: loadedName(reading.name),
  kernelRelease,
  arch: reading.arch,
  vermagic: reading.vermagic,
  modversions: reading.modversions,
  srcversion: reading.srcversion,
  sha256: reading.sha256,
  contentSha256: reading.contentSha256,
  file: { sha256: reading.sha256, signed: reading.signed, signer: reading.signer, size },
  rewritesEarlierStates: reading.rewritesEarlierStates,
  livepatch: reading.livepatch,
  builder: reading.builder,
  replace: reading.replace,
  states: reading.states,
  unreadable: reading.unreadable?.text ?? null,
  impact: reading.impact,
  impactReasons: reading.impactReasons,
  callbacks: reading.objects === null ? null : anyOf(reading.objects),
  objects:
    reading.objects?.map(({ name, spelled, functions }) => ({
      name,
      spelled,
      functions: functions.map((redirected) => ({
        name: redirected.name,
        sympos: redirected.sympos.toString(),
      })),
    })) ?? null,
  evidence: 'MODULE',
});

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

/** States in the order of their ids. Of two with one id, the kernel finds the first. */
const statesOf = ({ states }: PatchFacts): string | null =>
  states
    ?.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    .map(({ id, version }) => `${id}:${version}`)
    .join(' ') ?? null;

const compared = (facts: PatchFacts) => ({
  name: facts.name,
  'kernel release': facts.kernelRelease,
  arch: facts.arch,
  replace: facts.replace,
  states: statesOf(facts),
  impact: facts.impact,
  callbacks: JSON.stringify(facts.callbacks),
});

/** Returns the fields in which two descriptions of a build differ, if both of them have a value. */
export function differences(a: PatchFacts, b: PatchFacts): string[] {
  const [one, other] = [compared(a), compared(b)];
  return (Object.keys(one) as (keyof typeof one)[]).filter(
    (field) => one[field] !== null && other[field] !== null && one[field] !== other[field],
  );
}
