import type { LeftoverModule, ListedPatch, Reading, Situation } from '@klpreg/compat';
import type { Report } from '@klpreg/wire';
import type { CarriedFacts } from '../store/hosts/carried-facts.js';
import { keyOf } from './modules.js';

/**
 * A reference count that stays above 0 for this long belongs to a pinned module, not to one that is being
 * freed.
 */
export const PINNED_AFTER_MS = 60_000;

const TAINT_LIVEPATCH = 2 ** 15;
const MODULE_STATES = { Live: 'LIVE', Loading: 'LOADING', Going: 'GOING' } as const;

type ReportedPatch = Report['livepatches'][number];
type ReportedModule = Pick<
  Report['leftovers'][number],
  'name' | 'buildId' | 'refcount' | 'reading' | 'moduleState'
>;

type KernelFacts = Pick<
  Situation,
  | 'kernelRelease'
  | 'kernelVersion'
  | 'kernelBuildId'
  | 'arch'
  | 'capabilities'
  | 'gates'
  | 'unread'
  | 'boot'
  | 'tainted'
>;

/** The facts about the kernel and its settings. */
export function kernelFacts(report: Report): KernelFacts {
  const { host, capabilities, taint, bootPersistence } = report;
  return {
    kernelRelease: host.kernelRelease,
    kernelVersion: host.kernelVersion,
    kernelBuildId: host.kernelBuildId ?? null,
    arch: host.arch,
    tainted: taint === null ? null : Math.floor(taint / TAINT_LIVEPATCH) % 2 === 1,
    capabilities: {
      livepatch: capabilities.livepatch,
      replaceSetAttribute: capabilities.sysfs?.replaceSet ?? null,
      symbols: capabilities.kallsyms === null ? null : capabilities.kallsyms.symbols.toSorted(),
      symbolsComplete: capabilities.kallsyms?.complete ?? false,
      stateFields: capabilities.btf?.klpState ?? null,
      lockdown: capabilities.lockdown,
      signatureEnforced: capabilities.signatureEnforced,
    },
    gates: {
      modulesDisabled: report.gates?.modulesDisabled ?? null,
      ftraceEnabled: report.gates?.ftraceEnabled ?? null,
    },
    unread: [
      ...(report.unread ?? []),
      ...unreadAttributes(report),
      ...(host.arch === 'unknown' ? ['the architecture'] : []),
    ],
    boot:
      bootPersistence === null
        ? null
        : { kernelRelease: bootPersistence.kernelRelease, loads: bootPersistence.loads },
  };
}

/**
 * Attributes of listed patches that the agent could not read. An absent `transition` never means a finished
 * one.
 */
const unreadAttributes = (report: Report): string[] =>
  report.livepatches.flatMap(({ name, enabled, transition }) => [
    ...(enabled === null ? [`enabled of ${name}`] : []),
    ...(transition === null ? [`transition of ${name}`] : []),
  ]);

const readingOf = (reading: ReportedPatch['reading']): Reading | null =>
  reading && {
    // a file on the host's disk is the host's statement; the memory of the running kernel is the fact
    evidence: reading.evidence === 'LIVE' ? 'LIVE' : 'INFERRED',
    replace: reading.replace,
    states: reading.states?.map(({ id, version }) => ({ id: BigInt(id), version })) ?? null,
    impact: reading.impact,
    callbacks: reading.callbacks,
  };

/** The kernel's list `klp_patches`: a sysfs directory counts if `enabled` or `transition` is 1. */
export const listedPatches = (report: Report): ListedPatch[] =>
  report.livepatches
    .filter((patch) => patch.enabled !== false || patch.transition !== false)
    .map(({ name, buildId, enabled, transition, replace, reading, moduleState, moduleTaint }) => ({
      name,
      buildId,
      // an attribute that could not be read is in `unread`, and every verdict is in doubt
      enabled: enabled ?? true,
      transition: transition ?? false,
      replace,
      reading: readingOf(reading),
      moduleState: moduleState == null ? null : MODULE_STATES[moduleState],
      moduleTaint: moduleTaint ?? null,
      file: reading?.sha256 ?? null,
    }));

/** A sysfs directory with `enabled` 0 and `transition` 0: its patch is off the list, its module is loaded. */
const isLingering = ({ enabled, transition }: ReportedPatch): boolean =>
  enabled === false && transition === false;

/** Keys of the leftovers whose sysfs directory still exists. */
export const lingeringKeys = (report: Report): Set<string> =>
  new Set(report.livepatches.filter(isLingering).map(keyOf));

/** Livepatch modules that are loaded and off the list. */
function unlistedModules({ livepatches, leftovers }: Report): ReportedModule[] {
  const lingering = livepatches.filter(isLingering);
  if (lingering.length === 0) return leftovers;
  const names = new Set(lingering.map(({ name }) => name));
  return [...leftovers.filter(({ name }) => !names.has(name)), ...lingering];
}

/** Since when each leftover has been seen with references, by its key. */
export function referencedSince(
  report: Report,
  carried: CarriedFacts,
  observedAt: Date,
): Record<string, string> {
  const referenced = unlistedModules(report).filter(({ refcount }) => (refcount ?? 0) >= 1);
  const now = observedAt.toISOString();
  return Object.fromEntries(
    referenced.map((module) => [keyOf(module), carried.referencedSince[keyOf(module)] ?? now]),
  );
}

/**
 * Leftovers. A reference count that was not reported counts as a reference, but never shows that the module
 * is pinned.
 */
export const leftoversOf = (
  report: Report,
  since: Record<string, string>,
  observedAt: Date,
): LeftoverModule[] =>
  unlistedModules(report).map((module) => {
    const first = since[keyOf(module)];
    return {
      name: module.name,
      buildId: module.buildId,
      reading: readingOf(module.reading),
      referenced: first !== undefined || module.refcount === null,
      pinned: first !== undefined && observedAt.getTime() - Date.parse(first) >= PINNED_AFTER_MS,
      moduleState: module.moduleState == null ? null : MODULE_STATES[module.moduleState],
    };
  });
