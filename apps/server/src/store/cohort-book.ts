import { type CohortKey, NO_SITUATION } from './cohorts.store.js';
import type { Circumstances } from './hosts-at.js';

/** What the hosts of a cohort share beside their labels; one object for each, so that sums are kept by it. */
export interface Place {
  readonly situationId: string | null;
  readonly suspect: boolean;
  /** Of its hosts that are neither overdue nor superseded. */
  readonly usual: Circumstances;
}

/** A cohort and how many hosts it has. */
export interface Entry {
  readonly place: Place;
  readonly labelSetId: string;
  hosts: number;
}

/** A count as PostgreSQL writes it. */
export type CountRow = readonly [situationId: string, labelSetId: string, suspect: boolean, hosts: number];

/** Which fold: numbers rise by one, and a name is never given twice. */
export interface Fold {
  readonly number: bigint;
  readonly name: string;
}

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
  private empty = 0;

  /** Takes what later folds have changed; counts are those after the last of them. */
  advance(fold: Fold, changed: readonly CountRow[]): void {
    for (const [situationId, labelSetId, suspect, hosts] of changed) {
      const entry = this.entry(situationId, labelSetId, suspect);
      if ((entry.hosts === 0) !== (hosts === 0)) this.empty += hosts === 0 ? 1 : -1;
      entry.hosts = hosts;
    }
    this.fold = fold;
  }

  /** The entry of this cohort; one without hosts where the book has none yet. */
  entry(situationId: string, labelSetId: string, suspect: boolean): Entry {
    const key = suspect ? `${situationId}!` : situationId;
    let at = this.places.get(key);
    if (at === undefined) this.places.set(key, (at = { place: placeOf({ situationId, suspect }), byLabels: new Map() }));
    let entry = at.byLabels.get(labelSetId);
    if (entry === undefined) {
      entry = { place: at.place, labelSetId, hosts: 0 };
      at.byLabels.set(labelSetId, entry);
      this.entries.push(entry);
      this.empty += 1;
    }
    return entry;
  }

  /** Is more of it without hosts than with? Then a new one is smaller. */
  get isWorn(): boolean {
    return this.empty > 1000 && this.empty > this.entries.length / 2;
  }
}

function placeOf({ situationId, suspect }: Pick<CohortKey, 'suspect'> & { readonly situationId: string }): Place {
  const never = situationId === NO_SITUATION;
  const id = never ? null : situationId;
  return { situationId: id, suspect, usual: { situationId: id, suspect, superseded: false, level: never ? 'NEVER' : 'FRESH', overdue: false } };
}
