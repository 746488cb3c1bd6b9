import type { AuthorState, AuthorStatement, Callbacks, Manifest, Restore } from '../facts/manifest.js';
import { effectiveStates, loadedName, type Patch, type State } from '../rules/patch.js';

/** States by id, or in order as `[id, version]` where order, an id 0 or a duplicate matters. */
export type States =
  | Readonly<Record<string, number>>
  | readonly (readonly [id: number | bigint, version: number])[];

/** The states as they would stand in the module's array. */
export const states = (written: States): State[] =>
  (Array.isArray(written)
    ? (written as readonly (readonly [number | bigint, number])[])
    : Object.entries(written)
  ).map(([id, version]) => ({
    id: BigInt(id),
    version,
  }));

const patch = (name: string, replace: boolean, written: States): Patch => ({
  name,
  replace,
  states: effectiveStates(states(written)),
});

/** A patch for the rule that takes the place of every other. */
export const cumulative = (name: string, written: States = {}): Patch => patch(name, true, written);

/** A patch for the rule that goes on top of the others. */
export const plain = (name: string, written: States = {}): Patch => patch(name, false, written);

export const NO_CALLBACKS: Callbacks = {
  prePatch: false,
  postPatch: false,
  preUnpatch: false,
  postUnpatch: false,
};
export const UNPATCH_CALLBACKS: Callbacks = { ...NO_CALLBACKS, postUnpatch: true };

/**
 * What a patch is: parsed by the registry from its module, cumulative, without callbacks, of the one owner,
 * for the one kernel.
 *
 * Its build-id follows from its name, and so does its one file, which is unsigned. Without states it provably
 * changes none.
 */
export function manifest(name: string, written: States = {}, differs: Partial<Manifest> = {}): Manifest {
  const own = effectiveStates(states(written));
  return {
    buildId: `id-of-${name}`,
    name: loadedName(name),
    release: `release-of-${name}`,
    owner: 'kernel-team',
    kernelRelease: '6.12.95+deb13-amd64',
    arch: 'x86_64',
    modversions: false,
    livepatch: true,
    evidence: 'MODULE',
    replace: true,
    states: own,
    impact: own.length > 0 ? 'DECLARED' : 'NONE',
    callbacks: NO_CALLBACKS,
    functions: [`vmlinux:function_of_${loadedName(name)},1`],
    spellsVmlinux: false,
    patchesKernel: true,
    files: [{ sha256: `sha256-of-${name}`, signed: false, signer: null }],
    author: null,
    recalled: false,
    conflicts: [],
    ...differs,
  };
}

/** A state in an author statement. */
export const authorState = (
  id: number | bigint,
  version: number,
  restore: Restore = 'UNKNOWN',
): AuthorState => ({ id: BigInt(id), version, restore });

/** A signed author statement. */
export const statement = (differs: Partial<AuthorStatement> = {}): AuthorStatement => ({
  evidence: 'MANIFEST',
  states: [],
  impactNone: false,
  independentOf: [],
  cves: [],
  ...differs,
});

/**
 * A patch that has unpatch callbacks and whose author promises, signed, that they restore each of its states.
 */
export const promising = (name: string, written: States, differs: Partial<Manifest> = {}): Manifest =>
  manifest(name, written, {
    callbacks: UNPATCH_CALLBACKS,
    author: statement({ states: states(written).map((state) => ({ ...state, restore: 'CALLBACKS' })) }),
    ...differs,
  });
