import { canonicalJson, type Report } from '@klpreg/wire';
import { type Build, buildFor } from './builds.js';
import { capabilitiesOf } from './capabilities.js';
import type { Kernel } from './kernels.js';
import type { Livepatch } from './release-train.js';

/** A kernel with a stack, an open transition and leftovers. Hosts share setups. */
export interface Setup {
  /** Index in `Setups`. */
  readonly id: number;
  readonly kernel: Kernel;
  /** Oldest first. */
  readonly stack: readonly Build[];
  /** The patch of the stack that is being applied; null if no transition is open. */
  readonly transition: Build | null;
  readonly leftovers: readonly Build[];
  /** Parts of a report in canonical JSON, which all hosts with this setup share. */
  readonly text: {
    /** The fields before `host`. */
    readonly before: string;
    readonly distribution: string;
    readonly kernel: string;
    /** The fields between `host` and `transition`. */
    readonly after: string;
  };
}

const TAINT_OUT_OF_TREE = 2 ** 12;
const TAINT_UNSIGNED = 2 ** 13;
const TAINT_LIVEPATCH = 2 ** 15;

/** The interned setups of a fleet: a million hosts have some hundreds. */
export class Setups {
  private readonly all: Setup[] = [];
  private readonly byKey = new Map<string, Setup>();

  at(id: number): Setup {
    return this.all[id]!;
  }

  /** Returns the setup with these parts, and adds it if it is new. */
  of(
    kernel: Kernel,
    stack: readonly Livepatch[],
    transition: Livepatch | null = null,
    leftovers: readonly Livepatch[] = [],
  ): Setup {
    const key = [
      kernel.index,
      stack.map((one) => one.index),
      transition?.index ?? '',
      leftovers.map((one) => one.index),
    ].join('|');
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const builds = (livepatches: readonly Livepatch[]) =>
      livepatches.map((livepatch) => buildFor(livepatch, kernel));
    const parts = {
      kernel,
      stack: builds(stack),
      transition: transition && buildFor(transition, kernel),
      leftovers: builds(leftovers),
    };
    const setup = { id: this.all.length, ...parts, text: writeParts(parts) };
    this.all.push(setup);
    this.byKey.set(key, setup);
    return setup;
  }
}

type Parts = Omit<Setup, 'id' | 'text'>;

function writeParts(parts: Parts): Setup['text'] {
  const { kernel, stack, leftovers } = parts;
  const tainted = stack.length + leftovers.length > 0;
  const before = {
    bootPersistence: persistenceOf(parts),
    capabilities: capabilitiesOf(kernel, stack.length > 0),
    gates: { modulesDisabled: false, ftraceEnabled: true },
  };
  const taint = tainted ? TAINT_OUT_OF_TREE + TAINT_UNSIGNED + TAINT_LIVEPATCH : 0;
  const after = {
    kernelLog: kernelLogOf(parts),
    leftovers: leftovers.map(({ name, buildId, livepatch }): Report['leftovers'][number] => ({
      name,
      buildId,
      srcversion: livepatch.srcversion,
      refcount: 0,
      reading: null,
      moduleState: 'Live',
      moduleTaint: taintOf(kernel),
    })),
    livepatches: stack.map((build, index) => reportedPatch(build, index + 1, build === parts.transition)),
    schema: 'report/v1',
    taint,
  };
  return {
    before: membersOf(before),
    distribution: `"distribution":${canonicalJson(kernel.distribution)}`,
    kernel: membersOf({ kernelRelease: kernel.release, kernelVersion: kernel.version }),
    after: membersOf(after),
  };
}

/** Returns the members of an object in canonical JSON, without the braces. */
const membersOf = (value: object): string => canonicalJson(value).slice(1, -1);

function reportedPatch(build: Build, order: number, inTransition: boolean): Report['livepatches'][number] {
  const { livepatch, kernel, name, buildId } = build;
  return {
    name,
    buildId,
    srcversion: livepatch.srcversion,
    enabled: true,
    transition: inTransition,
    replace: kernel.number >= 611 ? livepatch.cumulative : null,
    stackOrder: kernel.number >= 614 ? order : null,
    refcount: 1,
    objects: livepatch.objects.map((object) => ({
      name: object.name,
      patched: kernel.number >= 601 ? true : null,
      functions: object.functions.map((name) => ({ name, sympos: 1 })),
    })),
    reading: kernel.liveEvidence ? liveReading(build) : null,
    moduleState: 'Live',
    moduleTaint: taintOf(kernel),
  };
}

/** The taint flags of a livepatch module: without `E` on kernels that verified its signature. */
const taintOf = (kernel: Kernel): string => (kernel.signatureEnforced === true ? 'OK' : 'OEK');

/** A kernel log that reaches back to the boot: each loaded patch was enabled since then. */
function kernelLogOf({ stack, leftovers, transition }: Parts): Report['kernelLog'] {
  const enabled = [...leftovers, ...stack].flatMap((build) => [
    { patch: build.name, event: 'ENABLING' as const },
    ...(build === transition ? [] : [{ patch: build.name, event: 'PATCHED' as const }]),
  ]);
  return { reachesBoot: true, events: enabled };
}

/** Returns the declarations of a patch as read from the running kernel. */
function liveReading({ livepatch, states, impact }: Build): Report['livepatches'][number]['reading'] {
  const { callbacks } = livepatch;
  return {
    evidence: 'LIVE',
    sha256: null,
    replace: livepatch.cumulative,
    states: states.map(([id, version]) => ({ id, version })),
    unreadable: null,
    impact,
    callbacks: { prePatch: callbacks, postPatch: callbacks, preUnpatch: callbacks, postUnpatch: callbacks },
  };
}

function persistenceOf({ kernel, stack }: Parts): Report['bootPersistence'] {
  if (!kernel.bootPersistence) return null;
  return {
    source: kernel.distribution.id === 'rhel' ? '/var/lib/kpatch' : '/etc/modules-load.d',
    kernelRelease: kernel.release,
    loads: stack.map(({ name, buildId }) => ({ name, buildId })),
  };
}
