import type { BootRange } from '../store/hosts/boots.store.js';
import type { HostVersion } from '../store/hosts/reports.store.js';

/** The position of a message among the boots of its host. */
export interface BootPosition {
  /** Two machines share one identity, or a message was replayed. */
  readonly suspect: boolean;
  /** The range of its boot with this message; null: the range does not change. */
  readonly range: BootRange | null;
}

const minOf = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/**
 * Places a message among the boots of its host.
 *
 * Each boot id owns one range of sequences. One machine boots one after the other, so ranges never overlap,
 * however late a message arrives. An overlap means that a boot id came back after another one, or within its
 * range.
 *
 * @param boots ranges of the known boots of this host
 */
export function placeMessage(boots: readonly BootRange[], bootId: string, sequence: bigint): BootPosition {
  const own = boots.find((boot) => boot.bootId === bootId) ?? { bootId, first: sequence, last: sequence };
  const range = { bootId, first: minOf(own.first, sequence), last: maxOf(own.last, sequence) };
  const overlaps = (boot: BootRange): boolean => boot.first <= range.last && range.first <= boot.last;
  const suspect = boots.some((boot) => boot.bootId !== bootId && overlaps(boot));
  const unchanged = boots.includes(own) && own.first === range.first && own.last === range.last;
  return { suspect, range: suspect || unchanged ? null : range };
}

/**
 * Returns the ranges of a host's boots. The range of the present boot ends with its last report, which only
 * the host's row has.
 */
export function rangesOf({ bootId, sequence }: HostVersion, boots: readonly BootRange[]): BootRange[] {
  if (bootId === null || sequence === 0n) return [...boots];
  const own = boots.find((boot) => boot.bootId === bootId) ?? { bootId, first: sequence, last: sequence };
  return [...boots.filter((boot) => boot.bootId !== bootId), { ...own, last: maxOf(own.last, sequence) }];
}

/** Places a report that is newer than all others of its host. Returns the ranges that change. */
export function placeNewest(
  bootId: string,
  sequence: bigint,
  version: HostVersion | null,
  known: readonly BootRange[],
): { readonly suspect: boolean; readonly boots: readonly BootRange[] } {
  if (version === null || version.bootId === null || version.sequence === 0n)
    return { suspect: false, boots: [{ bootId, first: sequence, last: sequence }] };
  if (version.bootId === bootId) return { suspect: false, boots: [] };
  const boots = rangesOf(version, known);
  const { suspect, range } = placeMessage(boots, bootId, sequence);
  const ended = boots.filter((boot) => boot.bootId === version.bootId);
  return { suspect, boots: range === null ? ended : [...ended, range] };
}
