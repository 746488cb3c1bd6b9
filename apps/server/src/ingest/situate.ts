import { type BootHistory, type DepartedPatch, type LeftoverModule, type ListedPatch, loadedName, type Reading, type Situation } from '@klpreg/compat';
import type { Report } from '@klpreg/wire';

/** What was known of the host before this report. */
export interface Before {
  readonly bootId: string;
  readonly situation: Situation;
  /** Since when each leftover has been seen referenced (ISO instants), by `keyOf`. */
  readonly referencedSince: Readonly<Record<string, string>>;
}

export interface Situated {
  readonly situation: Situation;
  readonly referencedSince: Readonly<Record<string, string>>;
}

type WireReading = Report['livepatches'][number]['reading'];

/** Two sightings of a reference count above 0, at least this far apart, tell a pinned module from one that is just being freed. */
const PINNED_AFTER_MS = 60_000;
const TAINT_LIVEPATCH = 2 ** 15;

/** What identifies a module within one boot: its build-id, or its name where it has none. */
const keyOf = (patch: { readonly name: string; readonly buildId: string | null }): string => patch.buildId ?? loadedName(patch.name);

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

/**
 * Which situation is this host in?
 *
 * The report says what is there now; what left the list earlier in this boot, the list before, and which leftovers are pinned follow from
 * what was known before. A new boot forgets all three.
 *
 * @param before null: the first report of this host
 */
export function situate(report: Report, before: Before | null, observedAt: Date): Situated {
  const sameBoot = before !== null && before.bootId === report.host.bootId && before.situation.kernelVersion === report.host.kernelVersion ? before : null;
  const list = listOf(report);
  const referencedSince = referencesOf(report, sameBoot, observedAt);
  const leftovers = leftoversOf(report, referencedSince, observedAt);
  const tainted = report.taint === null ? null : Math.floor(report.taint / TAINT_LIVEPATCH) % 2 === 1;
  const { capabilities } = report;
  const situation: Situation = {
    kernelRelease: report.host.kernelRelease,
    kernelVersion: report.host.kernelVersion,
    kernelBuildId: report.host.kernelBuildId ?? null,
    arch: report.host.arch,
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
    otherLivePatching: report.otherLivePatching ?? [],
    unread: [...(report.unread ?? []), ...unreadAttributes(report)],
    list,
    leftovers,
    departed: sameBoot === null ? [] : departures(sameBoot.situation, list, leftovers),
    previous: sameBoot === null ? null : previousList(sameBoot.situation, list),
    tainted,
    bootHistory: tainted === false ? 'KNOWN' : (sameBoot?.situation.bootHistory ?? STARTED_LATE),
    historyTooLong: sameBoot?.situation.historyTooLong ?? false,
    boot: report.bootPersistence === null ? null : { kernelRelease: report.bootPersistence.kernelRelease, loads: report.bootPersistence.loads },
    suspect: false,
  };
  return { situation, referencedSince };
}

/** From when on does a second report have to say whether a leftover is pinned? null: none is referenced, or all that are have been said to be. */
export function recheckAt(situation: Situation, referencedSince: Readonly<Record<string, string>>): Date | null {
  const open = situation.leftovers.filter((module) => module.referenced && !module.pinned).map((module) => Date.parse(referencedSince[keyOf(module)]!));
  return open.length === 0 ? null : new Date(Math.min(...open) + PINNED_AFTER_MS);
}

const STARTED_LATE: BootHistory = 'STARTED_LATE';

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

function referencesOf(report: Report, before: Before | null, observedAt: Date): Record<string, string> {
  const referenced = report.leftovers.filter((module) => (module.refcount ?? 0) >= 1);
  return Object.fromEntries(referenced.map((module) => [keyOf(module), before?.referencedSince[keyOf(module)] ?? observedAt.toISOString()]));
}

const leftoversOf = (report: Report, referencedSince: Record<string, string>, observedAt: Date): LeftoverModule[] =>
  report.leftovers.map((module) => {
    const since = referencedSince[keyOf(module)];
    return {
      name: module.name,
      buildId: module.buildId,
      reading: toReading(module.reading),
      referenced: since !== undefined,
      pinned: since !== undefined && observedAt.getTime() - Date.parse(since) >= PINNED_AFTER_MS,
      moduleState: module.moduleState == null ? null : MODULE_STATES[module.moduleState],
    };
  });

/** What has left the list in this boot, and how: what was gone before, and what is gone since; without what came back. */
function departures(before: Situation, list: readonly ListedPatch[], leftovers: readonly LeftoverModule[]): DepartedPatch[] {
  const change = changeOf(before, list, leftovers);
  const left = before.list
    .filter((patch) => !change.listed.has(keyOf(patch)))
    .map((patch) => ({ name: patch.name, buildId: patch.buildId, reading: patch.reading, departure: departureOf(patch, change) }));
  const gone = new Set(left.map(keyOf));
  return [...before.departed.filter((patch) => !change.listed.has(keyOf(patch)) && !gone.has(keyOf(patch))), ...left];
}

/** What is different from the list before, found once for all patches that left: the work grows with the sum of the lists, not with their product. */
interface Change {
  readonly listed: ReadonlySet<string>;
  readonly referenced: ReadonlySet<string>;
  /** Something on the list may have replaced what left. */
  readonly replaced: boolean;
  /** Something new is on the list, or is loaded and was never seen on it. */
  readonly unexplained: boolean;
}

function changeOf(before: Situation, list: readonly ListedPatch[], leftovers: readonly LeftoverModule[]): Change {
  const known = new Set(before.list.map(keyOf));
  const seen = new Set([...known, ...before.leftovers.map(keyOf), ...before.departed.map(keyOf)]);
  const listed = new Set(list.map(keyOf));
  const newcomers = list.filter((patch) => !known.has(keyOf(patch)));
  const finished = before.list.filter((patch) => patch.transition && patch.enabled && listed.has(keyOf(patch)));
  return {
    listed,
    referenced: new Set(leftovers.filter(({ referenced }) => referenced).map(keyOf)),
    replaced: [...newcomers, ...finished].some((patch) => patch.replace !== false),
    unexplained: newcomers.length > 0 || leftovers.some((module) => !seen.has(keyOf(module))),
  };
}

/**
 * How did this patch leave?
 *
 * Told by what is there now. Only a list that shrank, with nothing new on it or loaded beside it, says that the patch was disabled; where
 * something else may have replaced it in between, no one knows.
 */
function departureOf(patch: ListedPatch, { referenced, replaced, unexplained }: Change): DepartedPatch['departure'] {
  if (referenced.has(keyOf(patch))) return 'FORCED';
  if (replaced) return 'REPLACED';
  // An enabling transition that was turned round runs post_unpatch alone: that is not what disabling promises.
  const turnedRound = patch.transition && patch.enabled;
  return unexplained || turnedRound ? 'UNKNOWN' : 'DISABLED';
}

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
