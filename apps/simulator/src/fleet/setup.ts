import { canonicalJson, type Report } from '@klpreg/wire';
import { type Build, buildFor } from './builds.js';
import { capabilitiesOf } from './capabilities.js';
import type { Kernel } from './kernels.js';
import type { Livepatch } from './train.js';

/** What hosts have in common that run the same in the same way. */
export interface Setup {
  /** Its number in its book. */
  readonly id: number;
  readonly kernel: Kernel;
  /** Oldest first. */
  readonly list: readonly Build[];
  /** Which one of the list is being applied; null: it is settled. */
  readonly opening: Build | null;
  /** Loaded and off the list. */
  readonly leftovers: readonly Build[];
  /** The pieces of a report's content in canonical form: before the host, of the host from `distribution` on, and from the leftovers to the transition. */
  readonly text: { readonly before: string; readonly distribution: string; readonly kernel: string; readonly after: string };
}

const TAINT_OUT_OF_TREE = 2 ** 12;
const TAINT_UNSIGNED = 2 ** 13;
const TAINT_LIVEPATCH = 2 ** 15;

/** Every setup that a fleet has met, once: there are some hundreds, and a million hosts. */
export class Setups {
  private readonly all: Setup[] = [];
  private readonly byKey = new Map<string, Setup>();

  at(id: number): Setup {
    return this.all[id]!;
  }

  /** The setup with this list, made if it is new. */
  of(kernel: Kernel, list: readonly Livepatch[], opening: Livepatch | null = null, leftovers: readonly Livepatch[] = []): Setup {
    const key = [kernel.index, list.map((one) => one.index), opening?.index ?? '', leftovers.map((one) => one.index)].join('|');
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const builds = (livepatches: readonly Livepatch[]) => livepatches.map((livepatch) => buildFor(livepatch, kernel));
    const parts = { kernel, list: builds(list), opening: opening && buildFor(opening, kernel), leftovers: builds(leftovers) };
    const setup = { id: this.all.length, ...parts, text: write(parts) };
    this.all.push(setup);
    this.byKey.set(key, setup);
    return setup;
  }
}

type Parts = Omit<Setup, 'id' | 'text'>;

function write(parts: Parts): Setup['text'] {
  const { kernel, list, leftovers } = parts;
  const tainted = list.length + leftovers.length > 0;
  const before = {
    bootPersistence: persistenceOf(parts),
    capabilities: capabilitiesOf(kernel, list.length > 0),
    gates: { modulesDisabled: false, ftraceEnabled: true },
  };
  const taint = tainted ? TAINT_OUT_OF_TREE + TAINT_UNSIGNED + TAINT_LIVEPATCH : 0;
  const after = {
    kernelLog: logOf(parts),
    leftovers: leftovers.map(({ name, buildId, livepatch }): Report['leftovers'][number] => ({
      name,
      buildId,
      srcversion: livepatch.srcversion,
      refcount: 0,
      reading: null,
      moduleState: 'Live',
      moduleTaint: taintOf(kernel),
    })),
    livepatches: list.map((build, at) => listed(build, at + 1, build === parts.opening)),
    schema: 'report/v1',
    taint,
  };
  return {
    before: inner(before),
    distribution: `"distribution":${canonicalJson(kernel.distribution)}`,
    kernel: `"kernelRelease":${JSON.stringify(kernel.release)},"kernelVersion":${JSON.stringify(kernel.version)}`,
    after: inner(after),
  };
}

const inner = (value: object): string => canonicalJson(value).slice(1, -1);

function listed(build: Build, order: number, transition: boolean): Report['livepatches'][number] {
  const { livepatch, kernel, name, buildId } = build;
  return {
    name,
    buildId,
    srcversion: livepatch.srcversion,
    enabled: true,
    transition,
    replace: kernel.number >= 611 ? livepatch.cumulative : null,
    stackOrder: kernel.number >= 614 ? order : null,
    refcount: 1,
    objects: livepatch.objects.map((object) => ({
      name: object.name,
      patched: kernel.number >= 601 ? true : null,
      functions: object.functions.map((name) => ({ name, sympos: 1 })),
    })),
    reading: kernel.live ? read(build) : null,
    moduleState: 'Live',
    moduleTaint: taintOf(kernel),
  };
}

/** Taint letters of a livepatch module: without `E` on kernels that verified its signature. */
const taintOf = (kernel: Kernel): string => (kernel.signatureEnforced === true ? 'OK' : 'OEK');

/** The kernel log of a host that was never rotated: each patch that is loaded was enabled since the boot. */
function logOf({ list, leftovers, opening }: Parts): Report['kernelLog'] {
  const enabled = [...leftovers, ...list].flatMap((build) => [
    { patch: build.name, event: 'ENABLING' as const },
    ...(build === opening ? [] : [{ patch: build.name, event: 'PATCHED' as const }]),
  ]);
  return { reachesBoot: true, events: enabled };
}

/** What an agent reads from the running kernel. */
function read({ livepatch, states, impact }: Build): Report['livepatches'][number]['reading'] {
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

function persistenceOf({ kernel, list }: Parts): Report['bootPersistence'] {
  if (!kernel.persistent) return null;
  return {
    source: kernel.distribution.id === 'rhel' ? '/var/lib/kpatch' : '/etc/modules-load.d',
    kernelRelease: kernel.release,
    loads: list.map(({ name, buildId }) => ({ name, buildId })),
  };
}
