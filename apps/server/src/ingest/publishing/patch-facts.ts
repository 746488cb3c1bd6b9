import { loadedName } from '@klpreg/compat';
import type { ModuleReading } from '@klpreg/module';
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
