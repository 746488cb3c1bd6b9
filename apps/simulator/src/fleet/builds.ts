import { type Manifest, sha256 } from '@klpreg/wire';
import type { Kernel } from './kernels.js';
import { LIVEPATCHES, type Livepatch } from './release-train.js';

/** A livepatch as built for one kernel. */
export interface Build {
  readonly livepatch: Livepatch;
  readonly kernel: Kernel;
  readonly buildId: string;
  readonly name: string;
  /** The states that the kernel reads; Linux 5.4 has none. */
  readonly states: readonly (readonly [id: string, version: number])[];
  readonly impact: 'NONE' | 'DECLARED' | 'UNREADABLE';
  /** True if the publisher uploads the module file, false if it sends the facts only. */
  readonly hasFile: boolean;
}

const builds = new Map<number, Build>();

/** Returns the build of a livepatch for a kernel. Its build-id does not depend on the seed. */
export function buildFor(livepatch: Livepatch, kernel: Kernel): Build {
  const key = kernel.index * LIVEPATCHES.length + livepatch.index;
  const known = builds.get(key);
  if (known !== undefined) return known;
  const hasStates = kernel.number >= 505;
  const build: Build = {
    livepatch,
    kernel,
    buildId: sha256(`simulator ${livepatch.release} ${kernel.release}`).slice(0, 40),
    name: livepatch.name,
    states: hasStates ? livepatch.states : [],
    impact: hasStates ? livepatch.impact : 'NONE',
    // the network team does not upload its modules
    hasFile: kernel.captured !== null && livepatch.owner !== 'network-team',
  };
  builds.set(key, build);
  return build;
}

/** Returns the manifest that a publisher sends for a build without a file. */
export function manifestOf({ livepatch, kernel, buildId, name, states, impact }: Build): Manifest {
  const { callbacks } = livepatch;
  return {
    schema: 'manifest/v1',
    buildId,
    release: livepatch.release,
    owner: livepatch.owner,
    author: authorStatementOf(livepatch),
    signature: null,
    facts: {
      name,
      sha256: null,
      srcversion: livepatch.srcversion,
      vermagic: kernel.vermagic,
      kernelRelease: kernel.release,
      arch: kernel.arch,
      livepatch: true,
      replace: livepatch.cumulative,
      states: states.map(([id, version]) => ({ id, version })),
      impact,
      builder: 'STATIC',
      objects: livepatch.objects.map((object) => ({
        name: object.name,
        functions: object.functions.map((name) => ({ name, sympos: '0' })),
      })),
      callbacks: { prePatch: callbacks, postPatch: callbacks, preUnpatch: callbacks, postUnpatch: callbacks },
    },
  };
}

/** Returns the author statement with its defaults; null if there is none. */
export const authorStatementOf = ({ author }: Livepatch): Manifest['author'] =>
  author === null ? null : { ...EMPTY_STATEMENT, ...author };

const EMPTY_STATEMENT = {
  schema: 'klp/v1',
  states: [],
  independentOf: [],
  cves: [],
  unsupported: [],
  notes: '',
} as const satisfies Manifest['author'];
