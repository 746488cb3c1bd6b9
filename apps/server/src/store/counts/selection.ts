import type { CohortBook, Entry, Place } from './cohort-book.js';
import type { CohortGroup, SituationCount } from './fleet-counts.js';

/** Which of some ids match; null: all do. */
class Matching {
  private readonly known = new Map<string, boolean>();
  private text: string | null = null;

  has(id: string): boolean | undefined {
    return this.known.get(id);
  }

  learn(ids: readonly string[], matching: ReadonlySet<string>): void {
    for (const id of ids) this.known.set(id, matching.has(id));
    this.text = null;
  }

  /** Those that match, as an array of PostgreSQL. */
  asArray(): string {
    this.text ??= `{${[...this.known].flatMap(([id, matches]) => (matches ? id : [])).join(',')}}`;
    return this.text;
  }
}

/** What has to be asked before all entries of a book can be told. */
export interface Unseen {
  readonly labelSetIds: readonly string[];
  readonly situationIds: readonly string[];
}

/** How many hosts those of a group have together, and each of them. */
interface Sum {
  readonly row: SituationCount;
  readonly cohorts: CohortGroup;
}

/** The cohorts that match of those that share everything but their labels. */
export class Group {
  /** Only ever longer. */
  private readonly entries: Entry[] = [];
  private kept: Sum | null = null;
  private keptAt = 0;

  constructor(private readonly place: Place) {}

  take(entry: Entry): void {
    this.entries.push(entry);
    this.kept = null;
  }

  /** The sum as it is just now. It is kept until a count changes: of thousands of groups, few do between two questions. */
  sum(): Sum {
    const { place } = this;
    if (place.shifted) return this.addUp();
    if (this.kept === null || this.keptAt !== place.changes) {
      this.kept = this.addUp();
      this.keptAt = place.changes;
    }
    return this.kept;
  }

  private addUp(): Sum {
    const freshnessKey = this.place.usual;
    const hosts = this.entries.map((entry) => entry.hosts + entry.shift);
    return { row: { freshnessKey, hosts: hosts.reduce((sum, count) => sum + count, 0) }, cohorts: { freshnessKey, labels: this.entries, hosts } };
  }
}

/**
 * The entries of a book that match a condition.
 *
 * PostgreSQL decides what matches, once for each set of labels and each situation: both are known by their content, and never change.
 */
export class Selection {
  /** Those that match, by what they share. */
  readonly groups: Group[] = [];
  private readonly byPlace = new Map<Place, Group>();
  readonly labels: Matching | null;
  readonly situations: Matching | null;
  private read = 0;

  constructor(
    private readonly book: CohortBook,
    condition: { readonly labels: unknown; readonly situations: unknown },
  ) {
    this.labels = condition.labels === null ? null : new Matching();
    this.situations = condition.situations === null ? null : new Matching();
  }

  /** Reads what has come into the book since the last time, up to what no one knows yet. */
  catchUp(): Unseen | null {
    const labelSetIds = new Set<string>();
    const situationIds = new Set<string>();
    const { entries } = this.book;
    for (let i = this.read; i < entries.length; i++) {
      const { labelSetId, place } = entries[i]!;
      if (this.labels?.has(labelSetId) === undefined && this.labels !== null) labelSetIds.add(labelSetId);
      // a host that has never reported is in no situation that a condition could mean
      if (this.situations !== null && place.situationId !== null && this.situations.has(place.situationId) === undefined) situationIds.add(place.situationId);
    }
    if (labelSetIds.size + situationIds.size > 0) return { labelSetIds: [...labelSetIds], situationIds: [...situationIds] };
    for (; this.read < entries.length; this.read++) if (this.matches(entries[this.read]!)) this.take(entries[this.read]!);
    return null;
  }

  private take(entry: Entry): void {
    let group = this.byPlace.get(entry.place);
    if (group === undefined) {
      group = new Group(entry.place);
      this.byPlace.set(entry.place, group);
      this.groups.push(group);
    }
    group.take(entry);
  }

  private matches({ labelSetId, place }: Entry): boolean {
    if (this.labels !== null && this.labels.has(labelSetId) !== true) return false;
    return this.situations === null || (place.situationId !== null && this.situations.has(place.situationId) === true);
  }
}
