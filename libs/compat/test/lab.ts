import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  canonicalStates,
  type Catalog,
  disabling,
  enabling,
  type ListedPatch,
  type LoadSighting,
  loadedName,
  type Manifest,
  type Operation,
  resolveSituation,
  resolveManifest,
  type ResolvedSituation,
} from '../src/index.js';
import {
  capabilities,
  catalog,
  leftover,
  listed,
  manifest,
  NO_CALLBACKS,
  running,
} from '../src/testing/index.js';

interface WirePatch {
  name: string;
  replace: boolean;
  states: { id: string; version: number }[];
  enabled?: boolean;
  transition?: boolean;
}
/** One operation, and what a real kernel made of it. */
export interface Observed {
  target: string;
  kernel: string;
  scenario: string;
  step: number;
  op: 'load' | 'disable' | 'enable' | 'write' | 'force' | 'rmmod' | 'release' | 'settle';
  installed: WirePatch[];
  modulesLoaded: string[];
  candidate?: WirePatch;
  write?: string;
  accepted: boolean;
  /** No transition was left open. */
  settled: boolean | null;
  after: { name: string; enabled: string; transition: string }[];
  err: string;
  dmesg: string[];
}

const { vectors, modules } = JSON.parse(
  readFileSync(path.join(__dirname, '../fixtures/operations.json'), 'utf8'),
) as {
  vectors: Observed[];
  modules: Record<string, { knobs: Record<string, string> }>;
};

const VERSION = '#1 SMP';
/**
 * The lab's machines enforced no signatures, were not locked down, and had `modules_disabled` 0 and
 * `ftrace_enabled` 1.
 */
const UNGUARDED = {
  capabilities: capabilities({ signatureEnforced: false, lockdown: 'none' }),
  gates: { modulesDisabled: false, ftraceEnabled: true },
} as const;

/** The module on disk is another build than the listed one: the kernel compares names alone. */
const CANDIDATE = 'candidate-';

/**
 * What the registry would know of a lab module: what its C source declares, for the kernel that it was built
 * for.
 */
function built({ name, replace, states }: WirePatch, kernelRelease: string, buildId = name): Manifest {
  const knobs = modules[name]?.knobs ?? {};
  const callbacks = { ...NO_CALLBACKS, prePatch: 'CB' in knobs };
  const functions = ['vmlinux:a,1', ...('TGT' in knobs ? ['lab_target:b,1'] : [])];
  return manifest(
    name,
    states.map(({ id, version }) => [BigInt(id), version] as const),
    { buildId, kernelRelease, replace, callbacks, functions, livepatch: !('NOINFO' in knobs) },
  );
}

/**
 * What the registry has learned so far: which modules were on the list of a kernel, and which were forced off
 * it in this scenario.
 */
export class Learned {
  private readonly loaded = new Map<string, Set<string | null>>();
  private readonly forced = new Set<string>();

  learn({ op, accepted, kernel, scenario, candidate, installed }: Observed): void {
    if (op === 'load' && accepted && candidate !== undefined) {
      const key = `${kernel} ${candidate.name}`;
      this.loaded.set(
        key,
        (this.loaded.get(key) ?? new Set()).add(
          canonicalStates(installed.map((patch) => built(patch, kernel))),
        ),
      );
    }
    const open = installed.find((patch) => patch.transition === true);
    if (op !== 'force' || !accepted || open === undefined) return;
    // From 5.18 on, only those that are on their way out are held until a reboot.
    const leaving =
      open.enabled === true ? installed.filter((patch) => open.replace && patch !== open) : [open];
    for (const patch of leaving) this.forced.add(`${kernel} ${scenario} ${patch.name}`);
  }

  /**
   * Over which states it was loaded on this kernel: as if two machines had shown it. Whether a module was
   * there to be patched, the fixture does not tell.
   */
  sightings = ({ kernel }: Observed, name: string): LoadSighting[] =>
    [...(this.loaded.get(`${kernel} ${name}`) ?? [])].flatMap((over) =>
      ['lab-1', 'lab-2'].map((machine) => ({
        machine,
        kernel: { release: kernel, version: VERSION, arch: 'x86_64', buildId: null },
        objects: ['vmlinux'],
        over,
        file: null,
        verified: false,
      })),
    );
  wasForced = ({ kernel, scenario }: Observed, name: string): boolean =>
    this.forced.has(`${kernel} ${scenario} ${name}`);
}

/**
 * What the operation was, as the mind takes it; null for what is none on a livepatch: letting blocked tasks
 * go, a module that is to be patched.
 */
export function operationOf({ op, target, candidate, write, kernel }: Observed): Operation | null {
  if (target === 'lab_target') return null;
  const [patch = '', attribute, value = ''] = write?.split(' ') ?? [];
  switch (op) {
    case 'load':
      return candidate === undefined
        ? null
        : { action: 'LOAD', patch: resolveManifest(built(candidate, kernel, CANDIDATE + candidate.name)) };
    case 'disable':
      return disabling(target);
    case 'enable':
      return enabling(target);
    case 'force':
      return { action: 'WRITE', patch: target, attribute: 'force', value: '1' };
    case 'write':
      return { action: 'WRITE', patch, attribute: attribute as 'enabled', value };
    case 'rmmod':
      return { action: 'REMOVE_MODULE', patch: loadedName(target) };
    default:
      return null;
  }
}

export function sceneOf(observed: Observed, learned: Learned): [ResolvedSituation, Catalog] {
  const { kernel, installed, modulesLoaded } = observed;
  const published = installed.map((patch) => built(patch, kernel));
  const list = installed.map((patch, i): ListedPatch =>
    listed(published[i]!, { enabled: patch.enabled === true, transition: patch.transition === true }),
  );
  const off = modulesLoaded.filter((name) => !installed.some((patch) => patch.name === name));
  const leftovers = off.map((name) =>
    leftover(manifest(name), { referenced: learned.wasForced(observed, name) }),
  );
  const known = catalog(published, {
    sightings: (buildId) => learned.sightings(observed, buildId.replace(CANDIDATE, '')),
  });
  return [
    resolveSituation(
      running(list, { kernelRelease: kernel, kernelVersion: VERSION, leftovers, ...UNGUARDED }),
      known,
    ),
    known,
  ];
}

export { vectors as observations };
