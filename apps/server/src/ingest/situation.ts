import type { ListedPatch, Situation } from '@klpreg/compat';
import type { Report } from '@klpreg/wire';
import type { CarriedFacts } from '../store/hosts/carried-facts.js';
import { bootHistoryOf, keptOf, othersSeen } from './boot-history.js';
import { isReliable } from './contradictions.js';
import { readKernelLog } from './kernel-log.js';
import { keyOf } from './modules.js';
import {
  kernelFacts,
  leftoversOf,
  lingeringKeys,
  listedPatches,
  PINNED_AFTER_MS,
  referencedSince,
} from './reported-facts.js';
import { unlistedAfter } from './unlisted-patches.js';

/** What was known about the host before this report. */
export interface PreviousState {
  readonly bootId: string;
  readonly situation: Situation;
  readonly carried: CarriedFacts;
  /** When its facts were last confirmed: by a report, or by a heartbeat with the same digest. */
  readonly confirmedAt: Date;
}

export interface DerivedSituation {
  readonly situation: Situation;
  readonly carried: CarriedFacts;
  /** The report before was of the same boot, and close enough in time to say what happened in between. */
  readonly continuous: boolean;
}

/** Two reports that are further apart do not show how a patch was unlisted, whatever the interval is. */
const MAX_GAP_MS = 10 * 60_000;
const MAX_CLOCK_ERROR_MS = 60_000;
const NOTHING = { list: [], leftovers: [], unlisted: [], bootHistory: 'STARTED_LATE' } as const;
const NOTHING_CARRIED: CarriedFacts = { referencedSince: {} };
/** Value of `lookedAt` if no report of this boot was complete. */
const NEVER = new Date(0).toISOString();

/**
 * Derives the situation of a host.
 *
 * The report has the present facts. Unlisted patches, the list before, and which leftovers are pinned follow
 * from the previous state. A new boot resets all three.
 *
 * @param previous null: the first report of this host
 */
export function deriveSituation(
  report: Report,
  previous: PreviousState | null,
  observedAt: Date,
  intervalSeconds: number,
): DerivedSituation {
  const { bootId, kernelVersion } = report.host;
  const isSame = previous?.bootId === bootId && previous.situation.kernelVersion === kernelVersion;
  const sameBoot = isSame ? previous : null;
  const earlier = sameBoot?.situation ?? null;
  const carried = sameBoot?.carried ?? NOTHING_CARRIED;
  const facts = kernelFacts(report);
  const { capabilities, unread, tainted } = facts;
  const list = listedPatches(report);
  const since = referencedSince(report, carried, observedAt);
  const leftovers = leftoversOf(report, since, observedAt);
  const others = report.otherLivePatching ?? [];
  // whether this report can be true does not depend on earlier ones
  const reliable = isReliable({ tainted, capabilities, list, unread, otherLivePatching: others });
  const log = readKernelLog(report.kernelLog);
  const gapMs = sameBoot === null ? 0 : unobservedMs(report, sameBoot, observedAt);
  const intervalsMs = 5 * intervalSeconds * 1000;
  const gap = gapMs > Math.min(intervalsMs, MAX_GAP_MS);
  const unlisted = unlistedAfter({
    before: earlier ?? NOTHING,
    list,
    leftovers,
    lingering: lingeringKeys(report),
    log,
    reliable: reliable && (earlier === null || carried.lookedAt === undefined),
    gap,
    disabling: carried.disabling ?? null,
  });
  const names = [...list, ...leftovers, ...unlisted].map(({ name }) => name);
  const { kept, tooLong } = keptOf(unlisted);
  const disabling = disablingOf(list, earlier, carried);
  const lookedAt = reliable ? undefined : (carried.lookedAt ?? sameBoot?.confirmedAt.toISOString() ?? NEVER);
  // fields one by one: a spread costs more than everything else here
  const situation: Situation = {
    kernelRelease: facts.kernelRelease,
    kernelVersion: facts.kernelVersion,
    kernelBuildId: facts.kernelBuildId,
    arch: facts.arch,
    capabilities,
    gates: facts.gates,
    unread,
    boot: facts.boot,
    list,
    leftovers,
    tainted,
    otherLivePatching: othersSeen(earlier?.otherLivePatching ?? [], others),
    unlisted: kept,
    previous: earlier === null ? null : previousList(earlier, list),
    bootHistory: bootHistoryOf({ before: earlier, tainted, reliable, gap: gapMs > intervalsMs, log, names }),
    historyTooLong: tooLong || (earlier?.historyTooLong ?? false),
    suspect: false,
  };
  return {
    situation,
    carried: { referencedSince: since, ...(disabling && { disabling }), ...(lookedAt && { lookedAt }) },
    continuous: sameBoot !== null && !gap,
  };
}

/**
 * Returns when a second report must show whether a leftover is pinned; null if that is known for all
 * leftovers.
 */
export function recheckAt(situation: Situation, carried: CarriedFacts): Date | null {
  const open = situation.leftovers.flatMap((module) =>
    module.pinned ? [] : (carried.referencedSince[keyOf(module)] ?? []),
  );
  if (open.length === 0) return null;
  return new Date(Math.min(...open.map((since) => Date.parse(since))) + PINNED_AFTER_MS);
}

/**
 * Returns for how long the host was not observed before this report.
 *
 * An agent that has run since the last confirmation has sent every change, however long the network was down.
 * An incomplete report does not count as an observation.
 */
function unobservedMs(
  { clock, watchedSinceMs }: Report,
  { carried, confirmedAt }: PreviousState,
  observedAt: Date,
): number {
  const last = carried.lookedAt === undefined ? confirmedAt.getTime() : Date.parse(carried.lookedAt);
  const unobserved = observedAt.getTime() - last;
  // a confirmation later than this report was made with a wrong clock
  if (unobserved < -MAX_CLOCK_ERROR_MS) return Number.POSITIVE_INFINITY;
  const watchedMs = watchedSinceMs == null ? 0 : clock.observedMs - watchedSinceMs;
  return carried.lookedAt === undefined && watchedMs >= unobserved ? 0 : unobserved;
}

/** Key of the patch that is being disabled, if it was seen in no transition before. */
function disablingOf(
  list: readonly ListedPatch[],
  before: Situation | null,
  carried: CarriedFacts,
): string | undefined {
  const leaving = list.find(({ enabled, transition }) => transition && !enabled);
  if (leaving === undefined || before === null || carried.lookedAt !== undefined) return undefined;
  const key = keyOf(leaving);
  const old = before.list.find((patch) => keyOf(patch) === key);
  if (old === undefined) return undefined;
  return old.transition && (old.enabled || carried.disabling !== key) ? undefined : key;
}

/** Build-ids of a list without a transition; null if there is one, or if a patch has no build-id. */
function finishedList(list: readonly ListedPatch[]): string[] | null {
  const ids = list.map((patch) => patch.buildId);
  return list.some((patch) => patch.transition) || ids.includes(null) ? null : (ids as string[]);
}

/** The last list without a transition that differs from the present one. */
function previousList(before: Situation, list: readonly ListedPatch[]): readonly string[] | null {
  const last = finishedList(before.list);
  const differs =
    last !== null && (last.length !== list.length || last.some((id, i) => id !== list[i]?.buildId));
  return differs ? last : before.previous;
}
