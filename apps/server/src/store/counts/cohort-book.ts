import { type CohortKey, NO_SITUATION } from './cohorts.store.js';
import type { FreshnessKey } from '../hosts/hosts-at.js';

/** What the hosts of a cohort share beside their labels; one object for each. */
export interface Place {
  readonly situationId: string | null;
  readonly suspect: boolean;
  /** Of its hosts that are neither overdue nor superseded. */
  readonly usual: FreshnessKey;
  /** Rises with each change of its counts: what was added up before is then old. */
  changes: number;
  /** Whoever adds up just now counts some of its hosts otherwise. */
  shifted: boolean;
}

/** A cohort and how many hosts it has. */
export interface Entry {
  readonly place: Place;
  readonly labelSetId: string;
  hosts: number;
  /** By how much whoever adds up just now counts it otherwise; nothing, when that is done. */
  shift: number;
}

/** Counts of cohorts as PostgreSQL writes them: four arrays of one length. */
export type Counts = readonly [situationIds: string, labelSetIds: string, suspects: string, hosts: string];

/** Which fold: numbers rise by one, and a name is never given twice. */
export interface Fold {
  readonly number: bigint;
  readonly name: string;
}

/** The elements of an array of ids, numbers or truths, as PostgreSQL writes it. */
const elements = (array: string): string[] => (array === '{}' ? [] : array.slice(1, -1).split(','));

/**
 * The table `cohort` as one fold left it, held in this process.
 *
 * Never wrong, only old: it says which fold it is of, and whoever asks brings it up to date with what later folds have changed.
 */
export class CohortBook {
  /** In the order in which they were first seen: whoever reads them remembers how far. Those without hosts stay. */
  readonly entries: Entry[] = [];
  /** The fold that it is of; -1: of none, it is empty. */
  fold: Fold = { number: -1n, name: NO_SITUATION };
  private readonly places = new Map<string, { readonly place: Place; readonly byLabels: Map<string, Entry> }>();
  private readonly labelSetIds = new Map<string, string>();
  private empty = 0;

  /** Takes what folds have changed, in their order; counts are those after each. */
  advance(fold: Fold, changes: readonly Counts[]): void {
    for (const counts of changes)
      this.each(counts, (entry, hosts) => {
        if ((entry.hosts === 0) !== (hosts === 0)) this.empty += hosts === 0 ? 1 : -1;
        entry.hosts = hosts;
        entry.place.changes += 1;
      });
    this.fold = fold;
  }

  /** Goes through counts with the entries of their cohorts. */
  each([situationIds, labelSetIds, suspects, hosts]: Counts, take: (entry: Entry, hosts: number) => void): void {
    const [labels, truths, numbers] = [elements(labelSetIds), elements(suspects), elements(hosts)];
    elements(situationIds).forEach((situationId, i) => take(this.entry(situationId, labels[i]!, truths[i] === 't'), Number(numbers[i])));
  }

  /** The entry of this cohort; one without hosts where the book has none yet. */
  entry(situationId: string, labelSetId: string, suspect: boolean): Entry {
    const key = suspect ? `${situationId}!` : situationId;
    let at = this.places.get(key);
    if (at === undefined) this.places.set(own(key), (at = { place: placeOf({ situationId: own(situationId), suspect }), byLabels: new Map() }));
    let entry = at.byLabels.get(labelSetId);
    if (entry === undefined) {
      entry = { place: at.place, labelSetId: this.shared(labelSetId), hosts: 0, shift: 0 };
      at.byLabels.set(entry.labelSetId, entry);
      this.entries.push(entry);
      this.empty += 1;
    }
    return entry;
  }

  /** One string for all cohorts with these labels. */
  private shared(labelSetId: string): string {
    const known = this.labelSetIds.get(labelSetId);
    if (known !== undefined) return known;
    const id = own(labelSetId);
    this.labelSetIds.set(id, id);
    return id;
  }

  /** Is more of it without hosts than with? Then a new one is smaller. */
  get isWorn(): boolean {
    return this.empty > 1000 && this.empty > this.entries.length / 2;
  }
}

/** This string alone: a part of a longer one would keep all of it in memory. */
const own = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

function placeOf({ situationId, suspect }: Pick<CohortKey, 'suspect'> & { readonly situationId: string }): Place {
  const never = situationId === NO_SITUATION;
  const id = never ? null : situationId;
  const usual: FreshnessKey = { situationId: id, suspect, superseded: false, level: never ? 'NEVER' : 'FRESH', overdue: false };
  return { situationId: id, suspect, usual, changes: 0, shifted: false };
}
