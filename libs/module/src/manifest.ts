import type { ModuleObject, ModuleReading } from './reading.js';

/** What the file of a module does not contain. */
export interface Publication {
  readonly release: string;
  readonly owner: string;
  /** The author statement. Null: none. */
  readonly author?: unknown;
}

const CALLBACKS = ['prePatch', 'postPatch', 'preUnpatch', 'postUnpatch'] as const;
type Callbacks = Record<(typeof CALLBACKS)[number], boolean>;

/**
 * Returns the manifest of a module, as the registry takes it in `PUT /v1/patches/{buildId}` and in
 * `TargetInput.manifest`. It can be written as JSON. What cannot be read is null, or is assumed to be there.
 *
 * The registry refuses a manifest without a build-id.
 */
export const manifestOf = (reading: ModuleReading, { release, owner, author = null }: Publication) => ({
  schema: 'manifest/v1' as const,
  buildId: reading.buildId,
  release,
  owner,
  author,
  facts: {
    // the name of the loaded module
    name: reading.name.replaceAll('-', '_'),
    sha256: reading.sha256,
    contentSha256: reading.contentSha256,
    srcversion: reading.srcversion,
    vermagic: reading.vermagic,
    kernelRelease: reading.kernelRelease ?? 'unknown',
    arch: reading.arch,
    livepatch: reading.livepatch,
    builder: reading.builder,
    replace: reading.replace,
    states: reading.states?.map(({ id, version }) => ({ id: id.toString(), version })) ?? null,
    impact: reading.impact,
    signed: reading.signed,
    signer: reading.signer,
    rewritesEarlierStates: reading.rewritesEarlierStates,
    objects:
      reading.objects?.map(({ name, spelled, functions }) => ({
        name,
        spelled,
        functions: functions.map((each) => ({ name: each.name, sympos: each.sympos.toString() })),
      })) ?? [],
    callbacks: callbacksOf(reading.objects),
  },
});

/** Returns the callbacks that any object sets. */
const callbacksOf = (objects: readonly ModuleObject[] | null): Callbacks =>
  Object.fromEntries(
    CALLBACKS.map((name) => [name, objects === null || objects.some(({ callbacks }) => callbacks[name])]),
  ) as Callbacks;
