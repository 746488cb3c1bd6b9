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
import {
  CohortCounts,
  eachCohort,
  elements,
  type Group,
  groupKey,
  newGroup,
  type WrittenArrays,
} from './cohort-counts.js';
import type {
  CohortGroup,
  CountedPart,
  Counter,
  SituationCount,
  WrittenCounts,
  WrittenParts,
} from './fleet-counts.js';

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

/** Hosts with one freshness key: arrays of their label sets, and of the number of hosts with each. */
type StaleHosts = readonly [
  situationId: string,
  suspect: boolean,
  superseded: boolean,
  level: FreshnessKey['level'],
  overdue: boolean,
  labelSetIds: string,
  hosts: string,
];

/** Which label sets and situations match a condition; null: all do. Contents never change, nor does this. */
interface Matches {
  readonly labelSets: Map<string, boolean> | null;
  readonly situations: Map<string, boolean> | null;
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
      // the counts may change while PostgreSQL answers: they are read again
      let hasLearned = false;
      for (const [i, { condition }] of parts.entries())
        hasLearned = (await this.learn(condition, matches[i]!, groups)) || hasLearned;
      if (hasLearned) continue;
      // another question has learned label sets since: their stale hosts may not have been read
      if (matches.some(({ labelSets }, i) => labelSets?.size !== learned[i])) continue;
      const stale = JSON.parse(read.stale) as StaleHosts[][];
      const counted = matches.map((each, i) =>
        addUp(groups, stale[i]!, each, withCohorts, (key) => this.sharedKey(key)),
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

  /**
   * Asks PostgreSQL which of the label sets and situations match, once for each. @returns false if all are
   * known
   */
  private async learn(
    { labels, situations }: Condition,
    matches: Matches,
    groups: ReadonlyMap<string, Group>,
  ): Promise<boolean> {
    const unknownLabels = new Set<string>();
    const unknownSituations = new Set<string>();
    for (const { freshnessKey, hosts } of groups.values()) {
      const { situationId } = freshnessKey;
      if (situationId !== null && matches.situations?.has(situationId) === false)
        unknownSituations.add(situationId);
      if (matches.labelSets !== null)
        for (const id of hosts.keys()) if (!matches.labelSets.has(id)) unknownLabels.add(id);
    }
    if (unknownLabels.size > 0)
      await this.ask(
        matches.labelSets!,
        unknownLabels,
        (ids) => sql`
        SELECT l.id FROM label_set l WHERE l.id = ANY(${ids}::uuid[]) AND ${labelsTest(labels!)}`,
      );
    if (unknownSituations.size > 0)
      await this.ask(
        matches.situations!,
        unknownSituations,
        (ids) => sql`
        SELECT s.id FROM situation s WHERE s.id = ANY(${ids}::uuid[]) AND ${situationTest(situations!)}`,
      );
    return unknownLabels.size + unknownSituations.size > 0;
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

/** The groups with these deltas. The cached ones are not changed: a group with deltas is copied. */
function withDeltas(
  cached: ReadonlyMap<string, Group>,
  deltas: readonly WrittenArrays[],
): Map<string, Group> {
  const groups = new Map(cached);
  const copies = new Set<Group>();
  for (const arrays of deltas)
    eachCohort(arrays, (situationId, suspect, labelSetId, hosts) => {
      const key = groupKey(situationId, suspect);
      let group = groups.get(key) ?? newGroup(situationId, suspect);
      if (!copies.has(group)) {
        group = { ...group, hosts: new Map(group.hosts) };
        groups.set(key, group);
        copies.add(group);
      }
      group.hosts.set(labelSetId, (group.hosts.get(labelSetId) ?? 0) + hosts);
    });
  return groups;
}

/**
 * Adds up the hosts that match. Stale hosts are taken out of their cohort, and counted under their own key.
 *
 * @param shared returns the object that all answers use for this freshness key
 */
function addUp(
  groups: ReadonlyMap<string, Group>,
  stale: readonly StaleHosts[],
  { labelSets, situations }: Matches,
  withCohorts: boolean,
  shared: (freshnessKey: FreshnessKey) => FreshnessKey,
): Pick<WrittenCounts, 'rows' | 'cohorts'> {
  const hasSituation = (situationId: string | null): boolean =>
    situations === null || (situationId !== null && situations.get(situationId) === true);
  const hasLabels = (labelSetId: string): boolean => labelSets === null || labelSets.get(labelSetId) === true;
  const all: CohortGroup[] = [];
  const staleGroups: CohortGroup[] = [];
  const taken = new Map<string, Map<string, number>>();
  for (const [situationId, suspect, superseded, level, overdue, labelSetIds, numbers] of stale) {
    if (!hasSituation(situationId)) continue;
    const key = groupKey(situationId, suspect);
    const byLabels = taken.get(key) ?? new Map<string, number>();
    taken.set(key, byLabels);
    const group = {
      freshnessKey: shared({ situationId, suspect, superseded, level, overdue }),
      labelSetIds: [] as string[],
      hosts: [] as number[],
    };
    const written = elements(numbers);
    for (const [i, labelSetId] of elements(labelSetIds).entries()) {
      if (!hasLabels(labelSetId)) continue;
      const hosts = Number(written[i]);
      group.labelSetIds.push(labelSetId);
      group.hosts.push(hosts);
      byLabels.set(labelSetId, (byLabels.get(labelSetId) ?? 0) + hosts);
    }
    staleGroups.push(group);
  }
  for (const [key, { freshnessKey, hosts }] of groups) {
    if (!hasSituation(freshnessKey.situationId)) continue;
    const staleHosts = taken.get(key);
    const group = { freshnessKey, labelSetIds: [] as string[], hosts: [] as number[] };
    for (const [labelSetId, counted] of hosts) {
      if (!hasLabels(labelSetId)) continue;
      const fresh = staleHosts === undefined ? counted : counted - (staleHosts.get(labelSetId) ?? 0);
      if (fresh === 0) continue;
      group.labelSetIds.push(labelSetId);
      group.hosts.push(fresh);
    }
    all.push(group);
  }
  all.push(...staleGroups);
  const rows = all.flatMap(({ freshnessKey, hosts }): SituationCount[] => {
    const sum = hosts.reduce((total, count) => total + count, 0);
    return sum === 0 ? [] : [{ freshnessKey, hosts: sum }];
  });
  return { rows, cohorts: withCohorts ? all.filter(({ hosts }) => hosts.length > 0) : null };
}
