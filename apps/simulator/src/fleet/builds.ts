import { type Manifest, sha256 } from '@klpreg/wire';
import type { Kernel } from './kernels.js';
import { LIVEPATCHES, type Livepatch } from './train.js';

/** A livepatch as built for one kernel. */
export interface Build {
  readonly livepatch: Livepatch;
  readonly kernel: Kernel;
  readonly buildId: string;
  readonly name: string;
  /** What the kernel sees; Linux 5.4 has no states. */
  readonly states: readonly (readonly [id: string, version: number])[];
  readonly impact: 'NONE' | 'DECLARED' | 'UNREADABLE';
  /** The registry gets its file, and parses that itself; else it is told the facts. */
  readonly hasFile: boolean;
}

const made = new Map<number, Build>();

/** This livepatch, built for this kernel. The same build has the same build-id in every fleet, whatever the seed. */
export function buildFor(livepatch: Livepatch, kernel: Kernel): Build {
  const key = kernel.index * LIVEPATCHES.length + livepatch.index;
  const known = made.get(key);
  if (known !== undefined) return known;
  const hasStates = kernel.number >= 505;
  const build: Build = {
    livepatch,
    kernel,
    buildId: sha256(`simulator ${livepatch.release} ${kernel.release}`).slice(0, 40),
    name: livepatch.name,
    states: hasStates ? livepatch.states : [],
    impact: hasStates ? livepatch.impact : 'NONE',
    // the network team only ever tells its facts
    hasFile: kernel.captured !== null && livepatch.owner !== 'network-team',
  };
  made.set(key, build);
  return build;
}

/** What the publisher of a build says of it, without its file. */
export function manifestOf({ livepatch, kernel, buildId, name, states, impact }: Build): Manifest {
  const { callbacks } = livepatch;
  return {
    schema: 'manifest/v1',
    buildId,
    release: livepatch.release,
    owner: livepatch.owner,
    author: authorOf(livepatch),
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
      objects: livepatch.objects.map((object) => ({ name: object.name, functions: object.functions.map((name) => ({ name, sympos: '0' })) })),
      callbacks: { prePatch: callbacks, postPatch: callbacks, preUnpatch: callbacks, postUnpatch: callbacks },
    },
  };
}

/** The author's word, with everything that it leaves out; null: its author has said nothing. */
export const authorOf = ({ author }: Livepatch): Manifest['author'] =>
  author === null ? null : { schema: 'klp/v1', states: [], independentOf: [], cves: [], unsupported: [], notes: '', ...author };
