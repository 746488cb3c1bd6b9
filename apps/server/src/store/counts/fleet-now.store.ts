import { Injectable } from '@nestjs/common';
import { CohortBook, type Counts, type Entry } from './cohort-book.js';
import { type Condition, labelsTest, situationTest } from '../hosts/condition.js';
import { Database, Prisma } from '../../database/database.js';
import type { Settling } from '../history/epochs.store.js';
import { LOG_POSITION } from '../../database/log-position.js';
import type { CohortGroup, FleetCounts, SituationCount } from './fleet-counts.js';
import { type FreshnessLimits, staleBefore, type FreshnessKey, freshnessKeyText } from '../hosts/hosts-at.js';
import { Selection } from './selection.js';

const SELECTIONS = 32;
const ATTEMPTS = 4;
/** So long it is remembered that there are too many cohorts: finding that out takes a while. */
const TOO_MANY_MS = 10_000;

/** What a question reads: all of one instant. */
interface Seen {
  /** The last one. */
  readonly number: bigint;
  readonly name: string;
  /** The fold of the book is one of this database. */
  readonly known: boolean;
  /** By later folds, in their order, or all counts for a book that is empty. Null: too many. */
  readonly changed: string | null;
  readonly deltas: string;
  readonly apart: string;
  readonly snapshot: string;
  readonly epoch: string | null;
  readonly position: string;
  readonly revisionNumber: bigint;
  readonly revisionName: string;
}

/** Hosts that are not as fresh as their cohort, as PostgreSQL writes them. */
type ApartRow = readonly [
  situationId: string,
  labelSetId: string,
  suspect: boolean,
  superseded: boolean,
  level: FreshnessKey['level'],
  overdue: boolean,
  hosts: number,
];

/**
 * The fleet at this instant, from counts that are held in this process.
 *
 * Each question reads, in one statement and so at one instant, what has changed since the counts that are held: what later folds wrote, what is not folded yet, and the few hosts
 * that are overdue or superseded. So it is exact, and costs what has changed.
 */
@Injectable()
export class FleetNowStore {
  /** More cohorts than this are not held: they are counted by PostgreSQL each time. */
  private readonly limit = 250_000;
  private book = new CohortBook();
  /** Until then there are too many cohorts; by the clock of this process. */
  private tooManyUntil = 0;
  private readonly selections = new Map<string, Selection>();

  constructor(private readonly db: Database) {}

  /** How many cohorts are held? None before the first question, and where there are too many. */
  get held(): number {
    return this.book.entries.length;
  }

  /** As `FleetStore.counts`; null where the fleet has too many cohorts to hold. */
  async counts(condition: Condition, ages: FreshnessLimits, withCohorts: boolean): Promise<Settling | null> {
    for (let attempt = 0; attempt < ATTEMPTS && performance.now() >= this.tooManyUntil; attempt++) {
      const { book } = this;
      const selection = this.select(condition);
      const seen = await this.read(selection, ages);
      // what was seen is seen from this book: meanwhile another question may have begun a new one, or brought it further
      if (this.book !== book) continue;
      if (!this.take(seen)) return null;
      if (this.book !== book || book.fold.name !== seen.name) continue;
      const deltas: [Entry, number][] = [];
      for (const counts of JSON.parse(seen.deltas) as Counts[]) book.each(counts, (entry, hosts) => deltas.push([entry, hosts]));
      const unseen = selection.catchUp();
      if (unseen === null)
        return {
          ...addUp(book, selection, deltas, JSON.parse(seen.apart) as ApartRow[], withCohorts),
          snapshot: seen.snapshot,
          origin: { epoch: seen.epoch, position: seen.position },
          revision: { number: seen.revisionNumber, name: seen.revisionName },
        };
      await this.learn(selection, condition, unseen);
    }
    return null;
  }

  private select(condition: Condition): Selection {
    const key = JSON.stringify([condition.labels, condition.situations]);
    const known = this.selections.get(key) ?? new Selection(this.book, condition);
    // the last that was used is the last to go
    this.selections.delete(key);
    this.selections.set(key, known);
    for (const oldest of this.selections.keys()) if (this.selections.size > SELECTIONS) this.selections.delete(oldest);
    return known;
  }

  private async read({ labels, situations }: Selection, ages: FreshnessLimits): Promise<Seen> {
    const since = staleBefore(ages);
    const known = this.book.fold;
    const changed =
      known.number < 0n
        ? Prisma.sql`
          CASE WHEN (SELECT count(*) FROM (SELECT FROM cohort LIMIT ${this.limit + 1}) c) <= ${this.limit}
               THEN (SELECT coalesce(json_agg(json_build_array(situation_ids, label_set_ids, suspects, hosts)), '[]')::text
                       FROM (SELECT array_agg(situation_id)::text AS situation_ids, array_agg(label_set_id)::text AS label_set_ids, array_agg(suspect)::text AS suspects,
                                    array_agg(hosts)::text AS hosts FROM cohort GROUP BY situation_id) c) END`
        : Prisma.sql`
          (SELECT CASE WHEN coalesce(sum(changes), 0) <= ${this.limit}
                       THEN coalesce(json_agg(json_build_array(situation_ids::text, label_set_ids::text, suspects::text, hosts::text) ORDER BY number), '[]')::text END
             FROM fold WHERE number > ${known.number})`;
    // inside of `nullif` nothing is known of the column: else PostgreSQL would compare each id with the most frequent ones to guess how many rows there are, for a millisecond
    const among = (column: string, ids: Selection['labels']) =>
      ids === null ? Prisma.empty : Prisma.sql`AND nullif(${Prisma.raw(column)}, 'ffffffff-ffff-ffff-ffff-ffffffffffff') = ANY(${ids.asArray()}::uuid[])`;
    const [seen] = await this.db.$queryRaw<Seen[]>`
      /* fleet.now */
      SELECT last.number, last.name, EXISTS (SELECT FROM fold WHERE number = ${known.number} AND name = ${known.name}::uuid) AS known,
             ${changed} AS changed,
             (SELECT coalesce(json_agg(json_build_array(situation_ids::text, label_set_ids::text, suspects::text, hosts::text)), '[]')::text FROM cohort_delta) AS deltas,
             (SELECT coalesce(json_agg(json_build_array(situation_id, label_set_id, suspect, superseded, level, overdue, hosts)), '[]')::text FROM (
                SELECT situation_id, label_set_id, suspect, superseded_at IS NOT NULL AS superseded,
                       CASE WHEN confirmed_at > ${ages.until}::timestamptz THEN 'AHEAD' WHEN confirmed_at >= ${ages.lateSince}::timestamptz THEN 'FRESH' WHEN confirmed_at >= ${ages.staleSince}::timestamptz THEN 'STALE' ELSE 'LOST' END AS level,
                       confirmed_at < ${ages.allowedSince}::timestamptz AS overdue, count(*) AS hosts
                  FROM host_heartbeat
                 WHERE ((confirmed_after < ${since}::timestamptz AND confirmed_at < ${since}::timestamptz) OR confirmed_after > ${ages.until}::timestamptz OR superseded_at IS NOT NULL)
                   AND situation_id IS NOT NULL ${among('label_set_id', labels)} ${among('situation_id', situations)} GROUP BY 1, 2, 3, 4, 5, 6) a) AS apart,
             pg_current_snapshot()::text AS snapshot, ${LOG_POSITION}, revision.number AS "revisionNumber", revision.name AS "revisionName"
        FROM (SELECT number, name FROM fold ORDER BY number DESC LIMIT 1) last, (SELECT number, name FROM catalog_revision ORDER BY number DESC LIMIT 1) revision`;
    return seen!;
  }

  /** Brings the book to the fold that was seen; false where there is too much for it. A book that is further already stays. */
  private take({ number, name, known, changed }: Seen): boolean {
    const { fold } = this.book;
    // its fold is too long ago, or this is an earlier database that was restored
    if (!known && fold.number >= 0n) this.forget();
    else if (changed === null) {
      if (fold.number < 0n) this.tooManyUntil = performance.now() + TOO_MANY_MS;
      this.forget();
    } else if (number > fold.number) this.book.advance({ number, name }, JSON.parse(changed) as Counts[]);
    if (this.book.isWorn || this.book.entries.length > this.limit) this.forget();
    return changed !== null;
  }

  /** Begins anew. */
  private forget(): void {
    this.book = new CohortBook();
    this.selections.clear();
  }

  /** Asks PostgreSQL which of these match. */
  private async learn(
    { labels, situations }: Selection,
    condition: Condition,
    { labelSetIds, situationIds }: { labelSetIds: readonly string[]; situationIds: readonly string[] },
  ) {
    const matching = async (rows: Promise<{ id: string }[]>) => new Set((await rows).map(({ id }) => id));
    if (labelSetIds.length > 0)
      labels!.learn(
        labelSetIds,
        await matching(this.db.$queryRaw`SELECT l.id FROM label_set l WHERE l.id = ANY(${[...labelSetIds]}::uuid[]) AND ${labelsTest(condition.labels!)}`),
      );
    if (situationIds.length > 0)
      situations!.learn(
        situationIds,
        await matching(
          this.db.$queryRaw`SELECT s.id FROM situation s WHERE s.id = ANY(${[...situationIds]}::uuid[]) AND ${situationTest(condition.situations!)}`,
        ),
      );
  }
}

/** Adds up what was seen: those that are apart are taken out of their cohort. Nothing comes in between, and so the entries themselves note what they count otherwise for the moment. */
function addUp(
  book: CohortBook,
  selection: Selection,
  deltas: readonly (readonly [Entry, number])[],
  apart: readonly ApartRow[],
  withCohorts: boolean,
): Pick<FleetCounts, 'rows' | 'cohorts'> {
  const shifted: Entry[] = [];
  const shift = (entry: Entry, hosts: number): void => {
    entry.shift += hosts;
    entry.place.shifted = true;
    shifted.push(entry);
  };
  try {
    for (const [entry, hosts] of deltas) shift(entry, hosts);
    const others = new Map<string, { freshnessKey: FreshnessKey; sum: number; labels: { labelSetId: string }[]; hosts: number[] }>();
    for (const [situationId, labelSetId, suspect, superseded, level, overdue, hosts] of apart) {
      const freshnessKey: FreshnessKey = { situationId, suspect, superseded, level, overdue };
      const key = freshnessKeyText(freshnessKey);
      const group = others.get(key) ?? { freshnessKey, sum: 0, labels: [], hosts: [] };
      others.set(key, group);
      group.sum += hosts;
      group.labels.push({ labelSetId });
      group.hosts.push(hosts);
      shift(book.entry(situationId, labelSetId, suspect), -hosts);
    }
    const rows: SituationCount[] = [];
    const cohorts: CohortGroup[] = [];
    for (const group of selection.groups) {
      const sum = group.sum();
      if (sum.row.hosts === 0) continue;
      rows.push(sum.row);
      if (withCohorts) cohorts.push(sum.cohorts);
    }
    for (const { freshnessKey, sum, labels, hosts } of others.values()) {
      rows.push({ freshnessKey, hosts: sum });
      if (withCohorts) cohorts.push({ freshnessKey, labels, hosts });
    }
    return { rows, cohorts: withCohorts ? cohorts : null };
  } finally {
    // whatever happens: the entries are those of all questions
    for (const entry of shifted) {
      entry.shift = 0;
      entry.place.shifted = false;
    }
  }
}
