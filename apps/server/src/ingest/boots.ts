import type { BootRange } from '../store/hosts/boots.store.js';

/** Where a document stands among the documents of its host. */
export interface Placed {
  /** Two machines share one identity, or a document was replayed. */
  readonly suspect: boolean;
  /** The range of its boot, with this document; null: it changes nothing. */
  readonly range: BootRange | null;
}

/**
 * Places a document among the boots of its host.
 *
 * Each boot id owns one range of sequences. One machine makes them one after the other, so ranges never overlap, however late a document
 * comes. If they would, the boot id came back after another, or came in the middle of another.
 *
 * @param boots the ranges of this host's known boots
 */
export function placeAmong(boots: readonly BootRange[], bootId: string, sequence: bigint): Placed {
  const own = boots.find((boot) => boot.bootId === bootId);
  const range: BootRange =
    own === undefined
      ? { bootId, first: sequence, last: sequence }
      : { bootId, first: own.first < sequence ? own.first : sequence, last: own.last > sequence ? own.last : sequence };
  const suspect = boots.some((boot) => boot.bootId !== bootId && boot.first <= range.last && range.first <= boot.last);
  const same = own !== undefined && own.first === range.first && own.last === range.last;
  return { suspect, range: suspect || same ? null : range };
}
