import type { ListedPatch, Situation } from '@klpreg/compat';
import type { Labels } from '../store/content/labels.store.js';
import type { HostInterval } from '../store/history/host-intervals.store.js';
import type { HostChangeKind } from './generated/schema.js';

/** A period of a host, with what its ids stand for. */
export interface KnownInterval {
  readonly interval: HostInterval;
  /** Null: the host had not reported. */
  readonly situation: Situation | null;
  readonly labels: Labels;
}

/** A build, or a module without a build-id. */
const buildOf = ({ name, buildId }: ListedPatch): string => buildId ?? name;
const listOf = (situation: Situation | null): readonly ListedPatch[] => situation?.list ?? [];
const text = (list: readonly ListedPatch[], of: (patch: ListedPatch) => unknown): string =>
  JSON.stringify(list.map(of));

/** Returns what changed from one period to the next. Null: what was before is not known. */
export function differenceOf(before: KnownInterval | null, after: KnownInterval): HostChangeKind[] {
  if (before === null) return ['FIRST_KNOWN'];
  const [was, is] = [before.interval, after.interval];
  const [listBefore, listAfter] = [listOf(before.situation), listOf(after.situation)];
  const isStack = text(listBefore, buildOf) !== text(listAfter, buildOf);
  const flags = ({ enabled, transition }: ListedPatch) => [enabled, transition];
  const kernelOf = ({ situation }: KnownInterval) =>
    [situation?.kernelRelease, situation?.kernelVersion, situation?.arch].join(' ');
  const kinds: HostChangeKind[] = [];
  if (isStack) kinds.push('STACK');
  else if (text(listBefore, flags) !== text(listAfter, flags)) kinds.push('TRANSITION');
  if (kernelOf(before) !== kernelOf(after)) kinds.push('KERNEL');
  if (was.bootId !== is.bootId) kinds.push('BOOT');
  if (was.labelSetId !== is.labelSetId) kinds.push('LABELS');
  if (was.suspect !== is.suspect) kinds.push('SUSPECT');
  if (was.retired !== is.retired) kinds.push('RETIRED');
  return kinds.length > 0 ? kinds : ['FACTS'];
}

/** Returns the listed patches of the first situation that are not on the list of the second. */
export function missingFrom(situation: Situation | null, other: Situation | null): ListedPatch[] {
  const builds = new Set(listOf(other).map(buildOf));
  return listOf(situation).filter((patch) => !builds.has(buildOf(patch)));
}
