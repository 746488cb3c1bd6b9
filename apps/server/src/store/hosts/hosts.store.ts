import { Injectable } from '@nestjs/common';
import { type Connection, Database } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { empty, join, long, named, raw, sql, type Sql } from '../../database/sql.js';
import { SightingsStore } from '../catalog/sightings.store.js';
import type { Transaction } from '../catalog/revisions.js';
import { CohortsStore, type CohortKey } from '../counts/cohorts.store.js';
import { type AsOf, closedIsValidAt } from '../history/as-of.js';
import { sameEpoch } from '../history/epochs.store.js';
import { BootsStore } from './boots.store.js';
import { bucketOf } from './bucket.js';
import { BY_NAME, type HostOrder, isBeyond, orderColumns } from './host-order.js';
import { type Condition, inCohort, inScope, matching } from './condition.js';
import type { Scope } from '../access/tokens.store.js';
import {
  type FreshnessKey,
  type FreshnessLimits,
  hasFreshnessKey,
  hostsAt,
  staleHostKeys,
} from './hosts-at.js';

/** Facts about a host that are only shown. No verdict depends on them. */
export interface HostDetail {
  readonly agentVersion: string;
  readonly distribution: {
    readonly id: string;
    readonly version: string | null;
    readonly name: string | null;
  } | null;
  readonly taint: number | null;
  readonly transition: {
    readonly patch: string;
    readonly since: string | null;
    readonly tasks: readonly { readonly pid: number; readonly comm: string }[];
    readonly moreTasks: number;
  } | null;
  /** Objects that a listed patch names and does not patch. */
  readonly inactive: readonly { readonly patch: string; readonly object: string }[];
  readonly warnings: readonly string[];
}

/** A host with what lists and verdicts need. */
export interface HostRow {
  readonly id: string;
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly labelSetId: string;
  readonly situationId: string | null;
  readonly bootId: string | null;
  readonly detail: Partial<HostDetail>;
  readonly suspect: boolean;
  readonly retiredAt: Date | null;
  readonly retiredBy: string | null;
  readonly confirmedAt: Date | null;
  /** The facts changed while the answer was made, so that it is not known when they were last confirmed. */
  readonly ageUnknown: boolean;
  readonly contactAt: Date | null;
  readonly superseded: boolean;
}

/**
 * The result of changing a host. `CONFLICT`: somebody else changed the host after the caller had read it, and
 * nothing is stored.
 */
export type ChangeResult = 'CHANGED' | 'UNCHANGED' | 'CONFLICT' | 'NO_SUCH_HOST';

/** The order of a list, where a page of it begins, and in which direction it goes. */
export interface HostPage {
  readonly order?: HostOrder;
  readonly after: readonly [value: string, id: string] | null;
  readonly backwards: boolean;
  readonly limit: number;
}

/** Restricts a page to the hosts with these freshness keys. */
export interface KeyRestriction {
  /** Only hosts that match this, in addition to the condition of the page. */
  readonly within?: Condition;
  readonly freshnessKeys: readonly FreshnessKey[];
  readonly limits: FreshnessLimits;
  /** The number of hosts that have one of these keys. */
  readonly hosts: number;
}

/** Up to this number of hosts, finding and sorting all of them costs less than a walk through the names. */
const MAX_SORTED = 10_000;

/** The properties of a host that start a new interval of its history when they change. */
interface Interval extends CohortKey {
  readonly retired: boolean;
}

/** The key of a host. */
const keyOf = (hostId: string): Sql => sql`bucket = ${bucketOf(hostId)}::smallint AND id = ${hostId}::uuid`;

/**
 * Reads and changes single hosts. Each statement finds them by bucket and id, or by an index of hostnames.
 */
@Injectable()
export class HostsStore {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
    private readonly cohorts: CohortsStore,
    private readonly sightings: SightingsStore,
    private readonly boots: BootsStore,
  ) {}

  /** Marks the host as suspect: it looks cloned, or its messages replayed. */
  async suspect(hostId: string, at: Date): Promise<void> {
    const decide = (host: Interval) => (host.suspect ? 'UNCHANGED' : { ...host, suspect: true });
    await this.db.$transaction(async (tx) => {
      const result = await this.change(tx, hostId, at, decide, sql`suspect_since = ${at}::timestamptz`);
      if (result === 'CHANGED') await this.sightings.withdraw(tx, [hostId], at);
    });
  }

  /** Adds a host before it reports; false if the id is taken. */
  async add(
    tx: Connection,
    hostId: string,
    hostname: string,
    labelSetId: string,
    at: Date,
  ): Promise<boolean> {
    const made = await tx.$executeRaw`
      INSERT INTO host (bucket, id, hostname, label_set_id, added_at, since, opened_by)
      VALUES (${bucketOf(hostId)}::smallint, ${hostId}::uuid, ${hostname}, ${labelSetId}::uuid, ${at}, ${at},
              pg_current_xact_id()::text::bigint)
      ON CONFLICT (bucket, id) DO NOTHING`;
    if (made === 0) return false;
    await this.cohorts.append(tx, [
      { hostId, from: null, to: { situationId: null, labelSetId, suspect: false } },
    ]);
    return true;
  }

  /**
   * Stores a situation to which a late report has added what it shows of earlier in this boot. The host keeps
   * its sequence and its confirmation time, because a newer report has set them.
   *
   * @param expected the situation that the late report was added to
   */
  async addHistory(hostId: string, expected: string, situationId: string, at: Date): Promise<ChangeResult> {
    return this.db.$transaction(async (tx) => this.changeSituation(tx, hostId, expected, situationId, at));
  }

  /** Moves a host to another situation if it is still in the expected one. */
  async changeSituation(
    tx: Connection,
    hostId: string,
    expected: string,
    situationId: string,
    at: Date,
  ): Promise<ChangeResult> {
    const decide = (host: Interval) => {
      if (host.situationId !== expected) return 'CONFLICT';
      return host.situationId === situationId ? 'UNCHANGED' : { ...host, situationId };
    };
    return this.change(tx, hostId, at, decide, sql`situation_id = ${situationId}::uuid`);
  }

  /**
   * Clears `suspect` on a host. Its sightings count again, and of its boots only the current one is kept.
   */
  async release(tx: Transaction, hostId: string, at: Date): Promise<ChangeResult> {
    const decide = (host: Interval) => (host.suspect ? { ...host, suspect: false } : 'UNCHANGED');
    const result = await this.change(tx, hostId, at, decide, sql`suspect_since = NULL`);
    if (result !== 'CHANGED') return result;
    const [current] = await tx.$queryRaw<{ bootId: string | null; sequence: bigint }[]>`
      SELECT boot_id AS "bootId", sequence FROM host WHERE ${keyOf(hostId)}`;
    const { bootId, sequence } = current!;
    await this.boots.forget(tx, hostId, bootId === null ? null : { bootId, first: sequence, last: sequence });
    await this.sightings.restore(tx, hostId, at);
    return result;
  }

  /** Accepts any sequence number from a host again. Its facts are superseded until it reports. */
  async resetSequence(tx: Connection, hostId: string, at: Date): Promise<ChangeResult> {
    const result = await this.change(tx, hostId, at, (host) => ({ ...host }), sql`sequence = 0`);
    if (result !== 'CHANGED') return result;
    await this.boots.forget(tx, hostId, null);
    await tx.$executeRaw`
      UPDATE host_heartbeat
         SET sequence = 0,
             superseded_at = coalesce(superseded_at, ${at}::timestamptz),
             superseded_by = coalesce(superseded_by, pg_current_xact_id()::text::bigint)
       WHERE bucket = ${bucketOf(hostId)}::smallint AND host_id = ${hostId}::uuid`;
    return result;
  }

  /** Gives a host other labels from now on if it still has the expected ones. */
  async relabel(
    tx: Connection,
    hostId: string,
    expected: string,
    labelSetId: string,
    at: Date,
  ): Promise<ChangeResult> {
    const decide = (host: Interval) => {
      if (host.labelSetId !== expected) return 'CONFLICT';
      return host.labelSetId === labelSetId ? 'UNCHANGED' : { ...host, labelSetId };
    };
    return this.change(tx, hostId, at, decide, sql`label_set_id = ${labelSetId}::uuid`);
  }

  /**
   * Removes a host from every answer. A host that is already retired stays as it is.
   *
   * @param compromised its sightings no longer count, even if it was retired before
   */
  async retire(
    tx: Connection,
    hostId: string,
    by: string,
    compromised: boolean,
    at: Date,
  ): Promise<ChangeResult> {
    const decide = (host: Interval) => (host.retired ? 'UNCHANGED' : { ...host, retired: true });
    const columns = sql`retired_at = ${at}::timestamptz, retired_by = ${by}`;
    const result = await this.change(tx, hostId, at, decide, columns);
    if (!compromised || result === 'NO_SUCH_HOST') return result;
    const key = keyOf(hostId);
    const marked = await tx.$executeRaw`UPDATE host SET compromised = true WHERE ${key} AND NOT compromised`;
    if (marked > 0) await this.sightings.disown(tx, [hostId], at);
    return marked > 0 ? 'CHANGED' : result;
  }

  /**
   * Closes the interval of a host, opens the next one, and moves the host to its new cohort.
   *
   * @param decide returns the properties that the host has from now on, or the result if nothing changes
   */
  private async change(
    tx: Connection,
    hostId: string,
    at: Date,
    decide: (host: Interval) => Interval | ChangeResult,
    columns: Sql,
  ): Promise<ChangeResult> {
    const key = keyOf(hostId);
    const [before] = await tx.$queryRaw<Interval[]>`
      SELECT situation_id AS "situationId",
             label_set_id AS "labelSetId",
             suspect_since IS NOT NULL AS suspect,
             retired_at IS NOT NULL AS retired
        FROM host
       WHERE ${key}
         FOR UPDATE`;
    if (before === undefined) return 'NO_SUCH_HOST';
    const after = decide(before);
    if (typeof after === 'string') return after;
    await closeInterval(tx, key, at);
    await tx.$executeRaw`
      UPDATE host
         SET ${columns},
             since = greatest(since, ${at}::timestamptz),
             opened_by = pg_current_xact_id()::text::bigint
       WHERE ${key}`;
    const to = after.retired ? null : after;
    await tx.$executeRaw`
      UPDATE host_heartbeat
         SET situation_id = ${to?.situationId ?? null}::uuid,
             label_set_id = ${to?.labelSetId ?? null}::uuid,
             suspect = ${to?.suspect ?? false}
       WHERE bucket = ${bucketOf(hostId)}::smallint AND host_id = ${hostId}::uuid`;
    await this.cohorts.append(tx, [{ hostId, from: before.retired ? null : before, to }]);
    return 'CHANGED';
  }

  /** Finds the hosts of the scope with this hostname, or the one with this id. Retired hosts are included. */
  async find(
    by: { readonly id: string } | { readonly hostname: string },
    limit: number,
    asOf: AsOf,
    scope: Scope | null,
    fresh = false,
  ): Promise<HostRow[]> {
    const isNamed =
      'id' in by
        ? sql`h.bucket = ${bucketOf(by.id)}::smallint AND h.id = ${by.id}::uuid`
        : sql`h.hostname = ${by.hostname}`;
    const where = join([isNamed, inCohort(inScope(scope), 'h')], ' AND ');
    const order = sql`h.hostname, h.id`;
    return this.select(hostsAt(asOf), where, order, limit, asOf, scope ?? undefined, fresh);
  }

  /** Returns a page of the matching hosts in this order; backwards, in the reverse order. */
  async page(
    condition: Condition,
    { order = BY_NAME, after, backwards, limit }: HostPage,
    asOf: AsOf,
    restrictions: readonly KeyRestriction[] | null = null,
  ): Promise<HostRow[]> {
    const tests = [
      matching(condition, asOf),
      ...(after === null ? [] : [isBeyond(order, backwards, after)]),
      ...(restrictions === null ? [] : [sql`(${join(restrictions.map(isRestrictedTo), ' OR ')})`]),
    ];
    const total = restrictions?.reduce((sum, { hosts }) => sum + hosts, 0) ?? Infinity;
    const sorted = restrictions !== null && total <= MAX_SORTED && condition.hosts === null;
    const hosts = sorted ? candidates(restrictions, asOf) : hostsAt(asOf);
    const columns = orderColumns(order, backwards);
    return this.select(hosts, join(tests, ' AND '), columns, limit, asOf, condition.scope, false);
  }

  private async select(
    hosts: Sql,
    where: Sql,
    order: Sql,
    limit: number,
    asOf: AsOf,
    scope: Scope | undefined,
    fresh: boolean,
  ): Promise<HostRow[]> {
    const connection: Connection = fresh || asOf.usesPrimary ? this.db : this.read;
    const contactAt = asOf.past ? sql`least(c.contact_at, ${asOf.now}::timestamptz)` : sql`c.contact_at`;
    // a host may have left the scope since
    const detail =
      asOf.past && scope !== undefined
        ? sql`CASE WHEN ${inCohort(inScope(scope), 't')} THEN t.detail ELSE '{}'::jsonb END`
        : sql`t.detail`;
    // `t` is the host of today: what no verdict reads, and the retirement if the host was retired then
    const rows = await connection.$queryRaw<HostRow[]>(
      long(
        named(
          'hosts.select',
          sql`
            WITH page AS MATERIALIZED (
                   SELECT h.*
                     FROM ${hosts}
                    WHERE ${where}
                    ORDER BY ${order}
                    LIMIT ${limit})
            SELECT h.id,
                   h.hostname,
                   l.labels,
                   h.label_set_id AS "labelSetId",
                   h.situation_id AS "situationId",
                   h.boot_id AS "bootId",
                   ${detail} AS detail,
                   h.suspect,
                   CASE WHEN h.retired THEN t.retired_at END AS "retiredAt",
                   CASE WHEN h.retired THEN t.retired_by END AS "retiredBy",
                   h.confirmed_at AS "confirmedAt",
                   h.age_unknown AS "ageUnknown",
                   ${contactAt} AS "contactAt",
                   coalesce(h.superseded, false) AS superseded
              FROM page h
              JOIN label_set l ON l.id = h.label_set_id
              JOIN host t ON t.bucket = h.bucket AND t.id = h.id
              LEFT JOIN host_heartbeat c ON c.bucket = h.bucket AND c.host_id = h.id
             ORDER BY ${order}`,
        ),
      ),
    );
    sameEpoch(asOf, this.db.epochName);
    return rows;
  }
}

/** Stores the open interval of a host as a closed one, before its row is changed. The row must be locked. */
async function closeInterval(tx: Connection, key: Sql, at: Date): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO host_history (bucket, host_id, valid_from, valid_until, opened_by, closed_by,
                              situation_id, label_set_id, boot_id, suspect, retired, sequence, sent_by)
    SELECT bucket, id, since, greatest(since, ${at}::timestamptz), opened_by,
           pg_current_xact_id()::text::bigint,
           situation_id, label_set_id, boot_id, suspect_since IS NOT NULL, retired_at IS NOT NULL, sequence,
           sent_by
      FROM host
     WHERE ${key}`;
}

/** Whether a row of `hostsAt` is one of the hosts of a restriction. */
export const isRestrictedTo = ({ within, freshnessKeys, limits }: KeyRestriction): Sql => {
  const test = hasFreshnessKey(freshnessKeys, limits);
  return within === undefined ? test : sql`(${inCohort(within, 'h')} AND ${test})`;
};

/**
 * The hosts that may have these freshness keys: by their situation, and the overdue or superseded ones by
 * their heartbeats. They are few, and cheaper to sort than all names are to read. Each is looked up by its
 * key; PostgreSQL would not do so by itself, because it estimates bucket and id independently.
 */
function candidates(restrictions: readonly KeyRestriction[], asOf: AsOf): Sql {
  const isUsual = ({ superseded, overdue, level }: FreshnessKey): boolean =>
    !superseded && !overdue && (level === 'FRESH' || level === 'NEVER');
  const usual = restrictions.flatMap(({ freshnessKeys }) => freshnessKeys.filter(isUsual));
  const ids = [...new Set(usual.flatMap(({ situationId }) => situationId ?? []))];
  const never = usual.some(({ situationId }) => situationId === null);
  const inOne = (column: Sql) =>
    sql`(${column} = ANY(${ids}::uuid[])${never ? sql` OR ${column} IS NULL` : empty})`;
  const parts = [sql`SELECT h.bucket, h.id FROM host h WHERE ${inOne(raw('h.situation_id'))}`];
  if (asOf.past)
    parts.push(sql`
      SELECT p.bucket, p.host_id
        FROM host_history p
       WHERE ${closedIsValidAt(asOf)} AND ${inOne(raw('p.situation_id'))}`);
  for (const { freshnessKeys, limits } of restrictions)
    if (!freshnessKeys.every(isUsual)) parts.push(...staleHostKeys(limits, asOf));
  return sql`(
      WITH c AS MATERIALIZED (${join(parts, ' UNION ')})
      SELECT h.*
        FROM c
       CROSS JOIN LATERAL (
               SELECT h.* FROM ${hostsAt(asOf)} WHERE h.bucket = c.bucket AND h.id = c.id LIMIT 1) h) h`;
}
