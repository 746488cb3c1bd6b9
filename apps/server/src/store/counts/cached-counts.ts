import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { boundedCache } from '../../bounded-cache.js';
import { Database } from '../../database/database.js';
import { LOG_POSITION, type LogPosition } from '../../database/log-position.js';
import { join, long, named, sql, type Sql } from '../../database/sql.js';
import type { AsOf } from '../history/as-of.js';
import { type Condition, labelsTest, situationTest } from '../hosts/condition.js';
import {
  type FreshnessKey,
  freshnessKeyText,
  type FreshnessLimits,
  isStaleHeartbeat,
  levelOfConfirmation,
} from '../hosts/hosts-at.js';
import { CohortCounts, type WrittenArrays } from './cohort-counts.js';
import type { CountedPart, Counter, WrittenCounts, WrittenParts } from './fleet-counts.js';
import {
  addUp,
  type Matches,
  type MatchingGroups,
  type StaleHosts,
  type Unknown,
  unknownIn,
  withDeltas,
} from './matching-cohorts.js';

const ATTEMPTS = 4;
/** More matching label sets are not sent with a question: the hosts of all label sets are read. */
const LABEL_SETS_SENT = 1_000;
/** How long too many cohorts are not looked at again: counting them takes a while. */
const TOO_MANY_MS = 10_000;

/** What a question reads, all of one instant. */
interface Read extends LogPosition {
  /** The last roll-up. */
  readonly number: bigint;
  readonly name: string;
  /** True: this database made the roll-up of the cache, and still knows what has changed since. */
  readonly known: boolean;
  /** The changes since, or all counts if the cache is empty; null: too many. */
  readonly changes: string | null;
  /** Deltas that are not rolled up yet. */
  readonly deltas: string;
  /** For each selection, its hosts that are not as fresh as their cohort: a JSON list of `StaleHosts`. */
  readonly stale: string;
  readonly snapshot: string;
  readonly revisionNumber: bigint;
  readonly revisionName: string;
}

/**
 * Counts the present from the cohorts, which this process caches.
 *
 * One statement reads what has changed since the cached counts: later roll-ups, deltas, and the hosts that
 * are overdue or superseded. So an answer is exact, and costs what has changed.
 */
@Injectable()
export class CachedCounts implements Counter {
  /** More cohorts are not cached: PostgreSQL counts them each time. */
  private readonly limit = 250_000;
  private cache = new CohortCounts();
  /** By the monotonic clock of this process. */
  private tooManyUntil = 0;
  private readonly matches = new LRUCache<string, Matches>({ max: 128 });
  /** Only of the last questions: each list has all matching cohorts. */
  private readonly matching = new LRUCache<Matches, MatchingGroups>({ max: 8 });
  /** The keys of stale hosts, so that verdicts are found by object. */
  private readonly staleKeys = boundedCache<FreshnessKey>(20_000);

  constructor(private readonly db: Database) {}

  /** The number of cached cohorts. */
  get size(): number {
    return this.cache.size;
  }

  /** @returns null for the past, for hosts by name, and if the fleet has too many cohorts */
  async counts(
    condition: Condition,
    limits: FreshnessLimits,
    asOf: AsOf,
    withCohorts: boolean,
  ): Promise<WrittenCounts | null> {
    return this.together([{ condition, limits }], asOf, withCohorts);
  }

  /**
   * Counts several selections of hosts at one instant, by one statement.
   *
   * @returns the counts of the first one, with those of all in `parts`
   */
  async together(
    parts: readonly CountedPart[],
    asOf: AsOf,
    withCohorts: boolean,
  ): Promise<WrittenParts | null> {
    if (asOf.past || parts.some(({ condition }) => condition.hosts !== null)) return null;
    for (let attempt = 0; attempt < ATTEMPTS && performance.now() >= this.tooManyUntil; attempt++) {
      const { cache } = this;
      const matches = parts.map(({ condition }) => this.matchesOf(condition));
      const learned = matches.map(({ labelSets }) => labelSets?.size);
      const read = await this.read(
        cache,
        parts.map(({ limits }, i) => staleHosts(limits, matches[i]!)),
      );
      // another question may have replaced the cache meanwhile, or advanced it further
      if (this.cache !== cache) continue;
      if (!this.advance(read)) return null;
      if (this.cache !== cache || cache.rollUp.name !== read.name) continue;
      const groups = withDeltas(cache.groups, JSON.parse(read.deltas) as WrittenArrays[]);
      const matching = matches.map((each) => this.matchingOf(each));
      const unknown = matches.map((each, i) => unknownIn(groups, each, matching[i]!));
      if (unknown.some(({ labelSets, situations }) => labelSets.size + situations.size > 0)) {
        for (const [i, { condition }] of parts.entries())
          await this.learn(condition, matches[i]!, unknown[i]!);
        // the counts may have changed meanwhile: they are read again
        continue;
      }
      // another question has learned label sets since: their stale hosts may not have been read
      if (matches.some(({ labelSets }, i) => labelSets?.size !== learned[i])) continue;
      const stale = JSON.parse(read.stale) as StaleHosts[][];
      const counted = matches.map((each, i) =>
        addUp(groups, stale[i]!, each, matching[i]!, withCohorts, (key) => this.sharedKey(key)),
      );
      return {
        ...counted[0]!,
        parts: counted,
        snapshot: read.snapshot,
        origin: { epoch: read.epoch, position: read.position },
        revision: { number: read.revisionNumber, name: read.revisionName },
      };
    }
    return null;
  }

  private sharedKey(freshnessKey: FreshnessKey): FreshnessKey {
    const text = freshnessKeyText(freshnessKey);
    const known = this.staleKeys.get(text) ?? freshnessKey;
    this.staleKeys.set(text, known);
    return known;
  }

  /** @param stale for each selection, the statement of its stale hosts */
  private async read({ rollUp }: CohortCounts, stale: readonly Sql[]): Promise<Read> {
    const changes =
      rollUp.number < 0n
        ? sql`
            CASE WHEN (SELECT count(*) FROM (SELECT FROM cohort LIMIT ${this.limit + 1}) c) <= ${this.limit}
                 THEN (SELECT coalesce(
                                json_agg(json_build_array(situations, labels, suspects, hosts)), '[]')::text
                         FROM (SELECT array_agg(situation_id)::text AS situations,
                                      array_agg(label_set_id)::text AS labels,
                                      array_agg(suspect)::text AS suspects,
                                      array_agg(hosts)::text AS hosts
                                 FROM cohort
                                GROUP BY situation_id) c) END`
        : sql`
            (SELECT CASE WHEN coalesce(sum(changes), 0) <= ${this.limit}
                         THEN coalesce(json_agg(${ARRAYS} ORDER BY number), '[]')::text END
               FROM roll_up
              WHERE number > ${rollUp.number})`;
    const [read] = await this.db.$queryRaw<Read[]>(
      long(
        named(
          'fleet.now',
          sql`
            SELECT last.number,
                   last.name,
                   EXISTS (
                     SELECT FROM roll_up
                      WHERE number = ${rollUp.number} AND name = ${rollUp.name}::uuid) AS known,
                   ${changes} AS changes,
                   (SELECT coalesce(json_agg(${ARRAYS}), '[]')::text FROM cohort_delta) AS deltas,
                   json_build_array(${join([...stale], ', ')})::text AS stale,
                   pg_current_snapshot()::text AS snapshot,
                   ${LOG_POSITION},
                   revision.number AS "revisionNumber",
                   revision.name AS "revisionName"
              FROM (SELECT number, name FROM roll_up ORDER BY number DESC LIMIT 1) last,
                   (SELECT number, name FROM catalog_revision ORDER BY number DESC LIMIT 1) revision`,
        ),
      ),
    );
    return read!;
  }

  /** Brings the cache to the roll-up that was read; false if there are too many changes or cohorts. */
  private advance({ number, name, known, changes }: Read): boolean {
    const { rollUp } = this.cache;
    if (!known && rollUp.number >= 0n)
      // the roll-up was deleted, or an earlier database was restored
      this.cache = new CohortCounts();
    else if (changes === null) {
      if (rollUp.number < 0n) this.tooManyUntil = performance.now() + TOO_MANY_MS;
      this.cache = new CohortCounts();
    } else if (number > rollUp.number)
      this.cache.advance({ number, name }, JSON.parse(changes) as WrittenArrays[]);
    if (this.cache.size > this.limit) this.cache = new CohortCounts();
    return changes !== null;
  }

  private matchesOf({ labels, situations }: Condition): Matches {
    const key = JSON.stringify([labels, situations]);
    const known = this.matches.get(key);
    // label sets that no host has any more stay in it: then it begins again
    const isUsable = known !== undefined && (known.labelSets?.size ?? 0) <= 2 * this.limit;
    const matches = isUsable
      ? known
      : { labelSets: labels && new Map(), situations: situations && new Map() };
    this.matches.set(key, matches);
    return matches;
  }

  private matchingOf(matches: Matches): MatchingGroups {
    const known: MatchingGroups = this.matching.get(matches) ?? new WeakMap();
    this.matching.set(matches, known);
    return known;
  }

  /** Asks PostgreSQL which of these label sets and situations match, once for each. */
  private async learn({ labels, situations }: Condition, matches: Matches, unknown: Unknown): Promise<void> {
    if (unknown.labelSets.size > 0)
      await this.ask(
        matches.labelSets!,
        unknown.labelSets,
        (ids) => sql`
        SELECT l.id FROM label_set l WHERE l.id = ANY(${ids}::uuid[]) AND ${labelsTest(labels!)}`,
      );
    if (unknown.situations.size > 0)
      await this.ask(
        matches.situations!,
        unknown.situations,
        (ids) => sql`
        SELECT s.id FROM situation s WHERE s.id = ANY(${ids}::uuid[]) AND ${situationTest(situations!)}`,
      );
  }

  private async ask(
    known: Map<string, boolean>,
    unknown: ReadonlySet<string>,
    statement: (ids: string[]) => Sql,
  ): Promise<void> {
    const matching = await this.db.$queryRaw<{ id: string }[]>(statement([...unknown]));
    for (const id of unknown) known.set(id, false);
    for (const { id } of matching) known.set(id, true);
  }
}

/** The matching hosts that are not as fresh as their cohort, as JSON of `StaleHosts`. */
const staleHosts = (limits: FreshnessLimits, { labelSets }: Matches): Sql => sql`
  (SELECT coalesce(json_agg(json_build_array(
            situation_id, suspect, superseded, level, overdue, label_set_ids, hosts)), '[]')
     FROM (SELECT situation_id,
                  suspect,
                  superseded,
                  level,
                  overdue,
                  array_agg(label_set_id)::text AS label_set_ids,
                  array_agg(hosts)::text AS hosts
             FROM (SELECT situation_id,
                          label_set_id,
                          suspect,
                          superseded_at IS NOT NULL AS superseded,
                          ${levelOfConfirmation(sql`confirmed_at`, limits)} AS level,
                          confirmed_at < ${limits.allowedSince}::timestamptz AS overdue,
                          count(*) AS hosts
                     FROM host_heartbeat
                    WHERE ${isStaleHeartbeat(limits)}
                      AND situation_id IS NOT NULL
                      AND ${hasLabelSet(labelSets)}
                    GROUP BY 1, 2, 3, 4, 5, 6) cohorts
            GROUP BY 1, 2, 3, 4, 5) s)`;

/**
 * Whether a heartbeat's host can match: while most hosts are overdue, this saves most of the question's time.
 *
 * The ids are rows, so that PostgreSQL hashes them. In a plan for any values it searches an array one by one.
 */
function hasLabelSet(known: Matches['labelSets']): Sql {
  const matching = known === null ? [] : [...known.keys()].filter((id) => known.get(id) === true);
  return known === null || matching.length > LABEL_SETS_SENT
    ? sql`true`
    : sql`label_set_id IN (SELECT unnest(${matching}::uuid[]))`;
}

/** A row of `roll_up` or `cohort_delta` as `WrittenArrays`. */
const ARRAYS = sql`json_build_array(situation_ids::text, label_set_ids::text, suspects::text, hosts::text)`;
