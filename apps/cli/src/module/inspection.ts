import type { ModuleCallbacks, ModuleObject, ModuleReading } from '@klpreg/module';
import type { ModuleFile } from './read-file.js';

/** What a module declares, with 64-bit numbers as text for JSON. */
export type ModuleFacts = ReturnType<typeof moduleFacts>;

/** One file: what it declares, or why it cannot be read. */
export interface Inspection {
  readonly file: string;
  readonly facts: ModuleFacts | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export const inspection = (file: string, { reading, error }: ModuleFile): Inspection => ({
  file,
  facts: reading === null ? null : moduleFacts(reading),
  error,
});

/** Returns one file as data: its facts or its error, next to its name. */
export const asData = ({ file, facts, error }: Inspection) =>
  error === null ? { file, ...facts } : { file, error };

const moduleFacts = (reading: ModuleReading) => ({
  name: reading.name,
  buildId: reading.buildId,
  sha256: reading.sha256,
  contentSha256: reading.contentSha256,
  srcversion: reading.srcversion,
  version: reading.version,
  vermagic: reading.vermagic,
  kernelRelease: reading.kernelRelease,
  arch: reading.arch,
  modversions: reading.modversions,
  livepatch: reading.livepatch,
  signed: reading.signed,
  signer: reading.signer,
  signatureProblem: reading.signatureProblem,
  builder: reading.builder,
  replace: reading.replace,
  states: reading.states?.map(stateAsText) ?? null,
  shadowedStates: reading.shadowedStates.map(stateAsText),
  unreadable: reading.unreadable,
  rewritesEarlierStates: reading.rewritesEarlierStates,
  rewriteReason: reading.rewriteReason,
  impact: reading.impact,
  impactReasons: reading.impactReasons,
  objects:
    reading.objects?.map((object) => ({
      ...object,
      functions: object.functions.map(({ name, sympos }) => ({ name, sympos: sympos.toString() })),
    })) ?? null,
  callbacks: reading.objects === null ? null : anyCallback(reading.objects),
  malformedSymbols: reading.malformedSymbols,
  usesShadowVariables: reading.usesShadowVariables,
});

const stateAsText = ({ id, version }: { id: bigint; version: number }) => ({ id: id.toString(), version });

/** Returns the callbacks that any object sets. */
const anyCallback = (objects: readonly ModuleObject[]): ModuleCallbacks => {
  const has = (name: keyof ModuleCallbacks) => objects.some((object) => object.callbacks[name]);
  return {
    prePatch: has('prePatch'),
    postPatch: has('postPatch'),
    preUnpatch: has('preUnpatch'),
    postUnpatch: has('postUnpatch'),
  };
};
