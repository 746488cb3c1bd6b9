import type { LeftoverModule, ListedPatch, Reading, Situation } from '@klpreg/compat';
import type { Report } from '@klpreg/wire';
import type { Marks } from '../store/hosts/marks.js';
import { bootHistoryOf, keptOf, othersSeen } from './boot-history.js';
import { isReliable } from './contradictions.js';
import { readKernelLog } from './kernel-log.js';
import { keyOf } from './modules.js';
import { unlistedAfter } from './unlisted.js';

/** What was known of the host before this report. */
export interface Before {
  readonly bootId: string;
  readonly situation: Situation;
  readonly marks: Marks;
  /** When its facts were last confirmed: by a report, or by a heartbeat with the same digest. */
  readonly confirmedAt: Date;
}

export interface Situated {
  readonly situation: Situation;
  readonly marks: Marks;
  /** It follows a look of the same boot, close enough to say what happened between. */
  readonly continuous: boolean;
}

type WireReading = Report['livepatches'][number]['reading'];

/** Two sightings of a reference count above 0, at least this far apart, tell a pinned module from one that is just being freed. */
const PINNED_AFTER_MS = 60_000;
const TAINT_LIVEPATCH = 2 ** 15;

const toReading = (reading: WireReading): Reading | null =>
  reading === null
    ? null
    : {
        // What a host says of a file on its disk is its word alone; the running kernel's memory is the truth.
        evidence: reading.evidence === 'LIVE' ? 'LIVE' : 'INFERRED',
        replace: reading.replace,
        states: reading.states?.map(({ id, version }) => ({ id: BigInt(id), version })) ?? null,
        impact: reading.impact,
        callbacks: reading.callbacks,
      };

/** Two looks that are further apart say nothing of how a patch left, whatever the interval is. */
const APART_MS = 10 * 60_000;
const CLOCKS_APART_MS = 60_000;
const NOTHING = { list: [], leftovers: [], unlisted: [], bootHistory: 'STARTED_LATE' } as const;
const NO_MARKS: Marks = { referencedSince: {} };

/**
 * Derives the situation of a host.
 *
 * The report says what is there now. What left the list earlier in this boot, the list before, and which leftovers are pinned follow from
 * what was known before. A new boot forgets all three.
 *
 * @param before null: the first report of this host
 */
export function situate(report: Report, before: Before | null, observedAt: Date, intervalSeconds: number): Situated {
  const isSame = before !== null && before.bootId === report.host.bootId && before.situation.kernelVersion === report.host.kernelVersion;
  const sameBoot = isSame ? before : null;
  const earlier = sameBoot?.situation ?? null;
  const marks = sameBoot?.marks ?? NO_MARKS;
  const list = listOf(report);
  const referencedSince = referencesOf(report, marks, observedAt);
  const leftovers = leftoversOf(report, referencedSince, observedAt);
  const tainted = report.taint === null ? null : Math.floor(report.taint / TAINT_LIVEPATCH) % 2 === 1;
  const { kernelRelease, kernelVersion, kernelBuildId, arch, capabilities, gates, unread, boot } = seenNow(report);
  const otherLivePatching = othersSeen(earlier?.otherLivePatching ?? [], report.otherLivePatching ?? []);
  // Whether this report can be true depends on nothing of before.
  const reliable = isReliable({ tainted, capabilities, list, unread, otherLivePatching: report.otherLivePatching ?? [] });
  const log = readKernelLog(report.kernelLog);
  const apartMs = sameBoot === null ? 0 : lookedApartMs(report, sameBoot, observedAt);
  const gap = apartMs > Math.min(5 * intervalSeconds * 1000, APART_MS);
  const unlisted = unlistedAfter({
    before: earlier ?? NOTHING,
    list,
    leftovers,
    lingering: new Set(report.livepatches.filter(isLingering).map(keyOf)),
    log,
    reliable: reliable && (earlier === null || marks.lookedAt === undefined),
    gap,
    disabling: marks.disabling ?? null,
  });
  const names = [...list, ...leftovers, ...unlisted].map(({ name }) => name);
  const { kept, tooLong } = keptOf(unlisted);
  // Named one by one: spreading these costs more than all the rest.
  const situation: Situation = {
    kernelRelease,
    kernelVersion,
    kernelBuildId,
    arch,
    capabilities,
    gates,
    unread,
    boot,
    list,
    leftovers,
    tainted,
    otherLivePatching,
    unlisted: kept,
    previous: earlier === null ? null : previousList(earlier, list),
    bootHistory: bootHistoryOf({ before: earlier, tainted, reliable, gap: apartMs > 5 * intervalSeconds * 1000, log, names }),
    historyTooLong: tooLong || (earlier?.historyTooLong ?? false),
    suspect: false,
  };
  const disabling = disablingOf(list, earlier, marks);
  const lookedAt = reliable ? undefined : (marks.lookedAt ?? sameBoot?.confirmedAt.toISOString() ?? NEVER);
  return { situation, marks: { referencedSince, ...(disabling && { disabling }), ...(lookedAt && { lookedAt }) }, continuous: sameBoot !== null && !gap };
}

/** No look of this boot was complete. */
const NEVER = new Date(0).toISOString();

/** From when on a second report has to say whether a leftover is pinned. null: none is referenced, or all that are have been said to be. */
export function recheckAt(situation: Situation, { referencedSince }: Marks): Date | null {
  const open = situation.leftovers.flatMap((module) => (module.pinned ? [] : (referencedSince[keyOf(module)] ?? [])));
  return open.length === 0 ? null : new Date(Math.min(...open.map((since) => Date.parse(since))) + PINNED_AFTER_MS);
}

/**
 * How long did nobody look before this report?
 *
 * An agent that has looked all the time since the last confirmation has sent every change, however long the network was away. A report that was
 * incomplete is no look.
 */
function lookedApartMs({ clock, watchedSinceMs }: Report, { marks, confirmedAt }: Before, observedAt: Date): number {
  const apartMs = observedAt.getTime() - (marks.lookedAt === undefined ? confirmedAt.getTime() : Date.parse(marks.lookedAt));
  // A confirmation from later than this report tells of a clock that was wrong.
  if (apartMs < -CLOCKS_APART_MS) return Number.POSITIVE_INFINITY;
  const watchedMs = watchedSinceMs == null ? 0 : clock.observedMs - watchedSinceMs;
  return marks.lookedAt === undefined && watchedMs >= apartMs ? 0 : apartMs;
}

/** Key of the patch that is being disabled, if it was seen settled before. */
function disablingOf(list: readonly ListedPatch[], before: Situation | null, marks: Marks): string | undefined {
  const leaving = list.find(({ enabled, transition }) => transition && !enabled);
  if (leaving === undefined || before === null || marks.lookedAt !== undefined) return undefined;
  const key = keyOf(leaving);
  const old = before.list.find((patch) => keyOf(patch) === key);
  if (old === undefined) return undefined;
  return old.transition ? (old.enabled || marks.disabling !== key ? undefined : key) : key;
}

/** The facts that are this report's alone. */
function seenNow(report: Report) {
  const { host, capabilities } = report;
  return {
    kernelRelease: host.kernelRelease,
    kernelVersion: host.kernelVersion,
    kernelBuildId: host.kernelBuildId ?? null,
    arch: host.arch,
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
    unread: [...(report.unread ?? []), ...unreadAttributes(report), ...(host.arch === 'unknown' ? ['the architecture'] : [])],
    boot: report.bootPersistence === null ? null : { kernelRelease: report.bootPersistence.kernelRelease, loads: report.bootPersistence.loads },
  };
}

/** Attributes of listed patches that the agent could not read. An absent `transition` never means settled. */
const unreadAttributes = (report: Report): string[] =>
  report.livepatches.flatMap(({ name, enabled, transition }) => [
    ...(enabled === null ? [`enabled of ${name}`] : []),
    ...(transition === null ? [`transition of ${name}`] : []),
  ]);

const MODULE_STATES = { Live: 'LIVE', Loading: 'LOADING', Going: 'GOING' } as const;

/** The kernel's list: a directory counts if `enabled` or `transition` is 1. */
const listOf = (report: Report): ListedPatch[] =>
  report.livepatches
    .filter((patch) => patch.enabled !== false || patch.transition !== false)
    .map(({ name, buildId, enabled, transition, replace, reading, moduleState, moduleTaint }) => ({
      name,
      buildId,
      // An attribute that could not be read is in `unread`, and every verdict is in doubt.
      enabled: enabled ?? true,
      transition: transition ?? false,
      replace,
      reading: toReading(reading),
      moduleState: moduleState == null ? null : MODULE_STATES[moduleState],
      moduleTaint: moduleTaint ?? null,
      file: reading?.sha256 ?? null,
    }));

type WireModule = Pick<Report['leftovers'][number], 'name' | 'buildId' | 'refcount' | 'reading' | 'moduleState'>;

/** A directory with `enabled` 0 and `transition` 0: its patch is off the list, its module is loaded. */
const isLingering = ({ enabled, transition }: Report['livepatches'][number]): boolean => enabled === false && transition === false;

/** Loaded and off the list. */
function modulesOff({ livepatches, leftovers }: Report): WireModule[] {
  const lingering = livepatches.filter(isLingering);
  if (lingering.length === 0) return leftovers;
  const names = new Set(lingering.map(({ name }) => name));
  return [...leftovers.filter(({ name }) => !names.has(name)), ...lingering];
}

function referencesOf(report: Report, marks: Marks, observedAt: Date): Record<string, string> {
  const referenced = modulesOff(report).filter((module) => (module.refcount ?? 0) >= 1);
  return Object.fromEntries(referenced.map((module) => [keyOf(module), marks.referencedSince[keyOf(module)] ?? observedAt.toISOString()]));
}

/** A reference count that was not reported counts as a reference, which no later report can tell to be pinned. */
const leftoversOf = (report: Report, referencedSince: Record<string, string>, observedAt: Date): LeftoverModule[] =>
  modulesOff(report).map((module) => {
    const since = referencedSince[keyOf(module)];
    return {
      name: module.name,
      buildId: module.buildId,
      reading: toReading(module.reading),
      referenced: since !== undefined || module.refcount === null,
      pinned: since !== undefined && observedAt.getTime() - Date.parse(since) >= PINNED_AFTER_MS,
      moduleState: module.moduleState == null ? null : MODULE_STATES[module.moduleState],
    };
  });

/** Build-ids of a settled list; null while a transition is open, or where a patch has none. */
function settled(list: readonly ListedPatch[]): string[] | null {
  const ids = list.map((patch) => patch.buildId);
  return list.some((patch) => patch.transition) || ids.includes(null) ? null : (ids as string[]);
}

/** The last settled list that differs from today's. */
function previousList(before: Situation, list: readonly ListedPatch[]): readonly string[] | null {
  const last = settled(before.list);
  const differs = last !== null && (last.length !== list.length || last.some((id, i) => id !== list[i]?.buildId));
  return differs ? last : before.previous;
}
