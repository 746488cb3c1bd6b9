import { Injectable } from '@nestjs/common';
import { BootsStore } from './boots.store.js';
import { CohortsStore, type CohortKey } from '../counts/cohorts.store.js';
import { type Condition, matching } from './condition.js';
import { type Connection, Database, Prisma } from '../../database/database.js';
import { ReadDatabase } from '../../database/read-database.js';
import { bucketOf } from './bucket.js';
import { sameEpoch } from '../history/epochs.store.js';
import { type FreshnessLimits, type FreshnessKey, hostsAt, hasFreshnessKey, staleHostKeys } from './hosts-at.js';
import { closedIsValidAt, type AsOf } from '../history/as-of.js';
import { SightingsStore } from '../catalog/sightings.store.js';

/** What is kept of a host beside its situation, for people. */
export interface HostDetail {
  readonly agentVersion: string;
  readonly distribution: { readonly id: string; readonly version: string | null; readonly name: string | null } | null;
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

/** A host as answers need it. */
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
  readonly contactAt: Date | null;
  readonly superseded: boolean;
}

/** What became of a host that was to be changed; `CONFLICT`: it is not what the change was decided by. */
export type Changed = 'CHANGED' | 'UNCHANGED' | 'CONFLICT' | 'NO_SUCH_HOST';

/** Where a page begins, and in which direction it goes. */
export interface HostPage {
  readonly after: readonly [hostname: string, id: string] | null;
  readonly backwards: boolean;
  readonly limit: number;
}

/** Only the hosts in these freshness keys, of which there are so many. */
export interface Wanted {
  readonly freshnessKeys: readonly FreshnessKey[];
  readonly ages: FreshnessLimits;
  readonly hosts: number;
}

/** Up to so many hosts, it is cheaper to find all of them and sort than to go through the names. */
const FEW = 10_000;

/** Hosts one by one. Each statement names the bucket, or goes through an index of names. */
@Injectable()
export class HostsStore {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
    private readonly cohorts: CohortsStore,
    private readonly sightings: SightingsStore,
    private readonly boots: BootsStore,
  ) {}

  /** Marks the host as one that looks cloned or replayed. */
  async suspect(hostId: string, at: Date): Promise<void> {
    const changed = (host: Interval) => (host.suspect ? 'UNCHANGED' : { ...host, suspect: true });
    await this.db.$transaction(async (tx) => {
      const became = await this.change(tx, hostId, at, changed, Prisma.sql`suspect_since = ${at}::timestamptz`);
      if (became === 'CHANGED') await this.sightings.withdraw(tx, [hostId], at);
    });
  }

  /** Makes a host known before it reports; false where the id is taken. */
  async add(tx: Connection, hostId: string, hostname: string, labelSetId: string, at: Date): Promise<boolean> {
    const made = await tx.$executeRaw`
      INSERT INTO host (bucket, id, hostname, label_set_id, added_at, since, opened_by)
      VALUES (${bucketOf(hostId)}::smallint, ${hostId}::uuid, ${hostname}, ${labelSetId}::uuid, ${at}, ${at}, pg_current_xact_id()::text::bigint) ON CONFLICT (bucket, id) DO NOTHING`;
    if (made === 1) await this.cohorts.append(tx, [{ hostId, from: null, to: { situationId: null, labelSetId, suspect: false } }]);
    return made === 1;
  }

  /**
   * Adds to what is known of a host's boot, by a document that came late. Its present stays: neither sequence nor confirmation changes.
   *
   * @param expected the situation that this was decided by
   */
  async addHistory(hostId: string, expected: string, situationId: string, at: Date): Promise<Changed> {
    return this.db.$transaction(async (tx) => this.changeSituation(tx, hostId, expected, situationId, at));
  }

  /** Puts a host into another situation, if it still is in the one that is expected. */
  async changeSituation(tx: Connection, hostId: string, expected: string, situationId: string, at: Date): Promise<Changed> {
    const changed = (host: Interval) =>
      host.situationId !== expected ? 'CONFLICT' : host.situationId === situationId ? 'UNCHANGED' : { ...host, situationId };
    return this.change(tx, hostId, at, changed, Prisma.sql`situation_id = ${situationId}::uuid`);
  }

  /** Takes back that a host looks cloned: what it showed of builds counts again, and of its boots only the present one is known. */
  async release(tx: Connection, hostId: string, at: Date): Promise<Changed> {
    const changed = (host: Interval) => (host.suspect ? { ...host, suspect: false } : 'UNCHANGED');
    const became = await this.change(tx, hostId, at, changed, Prisma.sql`suspect_since = NULL`);
    if (became !== 'CHANGED') return became;
    const key = Prisma.sql`bucket = ${bucketOf(hostId)}::smallint AND id = ${hostId}::uuid`;
    const [present] = await tx.$queryRaw<{ bootId: string | null; sequence: bigint }[]>`SELECT boot_id AS "bootId", sequence FROM host WHERE ${key}`;
    const { bootId, sequence } = present!;
    await this.boots.forget(tx, hostId, bootId === null ? null : { bootId, first: sequence, last: sequence });
    await this.sightings.restore(tx, hostId, at);
    return became;
  }

  /** Lets a host begin at any sequence again. Its facts are superseded until it reports. */
  async resetSequence(tx: Connection, hostId: string, at: Date): Promise<Changed> {
    const became = await this.change(tx, hostId, at, (host: Interval) => ({ ...host }), Prisma.sql`sequence = 0`);
    if (became !== 'CHANGED') return became;
    await this.boots.forget(tx, hostId, null);
    await tx.$executeRaw`
      UPDATE host_heartbeat SET sequence = 0, superseded_at = coalesce(superseded_at, ${at}::timestamptz),
             superseded_by = coalesce(superseded_by, pg_current_xact_id()::text::bigint)
       WHERE bucket = ${bucketOf(hostId)}::smallint AND host_id = ${hostId}::uuid`;
    return became;
  }

  /** Gives a host other labels, from now on, where it still has those that are expected. */
  async relabel(tx: Connection, hostId: string, expected: string, labelSetId: string, at: Date): Promise<Changed> {
    const changed = (host: Interval) => (host.labelSetId !== expected ? 'CONFLICT' : host.labelSetId === labelSetId ? 'UNCHANGED' : { ...host, labelSetId });
    return this.change(tx, hostId, at, changed, Prisma.sql`label_set_id = ${labelSetId}::uuid`);
  }

  /**
   * Takes a host out of every answer. A host that is retired already stays retired as it was.
   *
   * @param compromised what it showed of builds counts no longer; also of a host that was retired before
   */
  async retire(tx: Connection, hostId: string, by: string, compromised: boolean, at: Date): Promise<Changed> {
    const changed = (host: Interval) => (host.retired ? 'UNCHANGED' : { ...host, retired: true });
    const became = await this.change(tx, hostId, at, changed, Prisma.sql`retired_at = ${at}::timestamptz, retired_by = ${by}`);
    if (!compromised || became === 'NO_SUCH_HOST') return became;
    const key = Prisma.sql`bucket = ${bucketOf(hostId)}::smallint AND id = ${hostId}::uuid`;
    const marked = await tx.$executeRaw`UPDATE host SET compromised = true WHERE ${key} AND NOT compromised`;
    if (marked > 0) await this.sightings.withdraw(tx, [hostId], at);
    return marked > 0 ? 'CHANGED' : became;
  }

  /** Closes a host's interval, opens the next, and counts it where it is now. @param changed what it is from now on; a word: it stays as it is */
  private async change(tx: Connection, hostId: string, at: Date, changed: (host: Interval) => Interval | Changed, columns: Prisma.Sql): Promise<Changed> {
    const key = Prisma.sql`bucket = ${bucketOf(hostId)}::smallint AND id = ${hostId}::uuid`;
    const [before] = await tx.$queryRaw<Interval[]>`
      SELECT situation_id AS "situationId", label_set_id AS "labelSetId", suspect_since IS NOT NULL AS suspect, retired_at IS NOT NULL AS retired FROM host WHERE ${key} FOR UPDATE`;
    if (before === undefined) return 'NO_SUCH_HOST';
    const after = changed(before);
    if (typeof after === 'string') return after;
    await closeInterval(tx, key, at);
    await tx.$executeRaw`UPDATE host SET ${columns}, since = greatest(since, ${at}::timestamptz), opened_by = pg_current_xact_id()::text::bigint WHERE ${key}`;
    const to = after.retired ? null : after;
    await tx.$executeRaw`
      UPDATE host_heartbeat SET situation_id = ${to?.situationId ?? null}::uuid, label_set_id = ${to?.labelSetId ?? null}::uuid, suspect = ${to?.suspect ?? false}
       WHERE bucket = ${bucketOf(hostId)}::smallint AND host_id = ${hostId}::uuid`;
    await this.cohorts.append(tx, [{ hostId, from: before.retired ? null : before, to }]);
    return 'CHANGED';
  }

  /** The hosts with this name, or this one, retired ones too, as they are or were. */
  async find(by: { readonly id: string } | { readonly hostname: string }, limit: number, moment: AsOf, fresh = false): Promise<HostRow[]> {
    const where = 'id' in by ? Prisma.sql`h.bucket = ${bucketOf(by.id)}::smallint AND h.id = ${by.id}::uuid` : Prisma.sql`h.hostname = ${by.hostname}`;
    return this.select(Prisma.sql`${hostsAt(moment)}`, where, Prisma.sql`h.hostname, h.id`, limit, moment, fresh || moment.usesPrimary ? this.db : this.read);
  }

  /** The matching hosts in the order of their names; backwards, in the reverse order. */
  async page(condition: Condition, { after, backwards, limit }: HostPage, moment: AsOf, wanted: Wanted | null = null): Promise<HostRow[]> {
    const beyond = backwards ? Prisma.sql`<` : Prisma.sql`>`;
    const keyset = after === null ? Prisma.sql`true` : Prisma.sql`(h.hostname, h.id) ${beyond} (${after[0]}, ${after[1]}::uuid)`;
    const order = backwards ? Prisma.sql`h.hostname DESC, h.id DESC` : Prisma.sql`h.hostname ASC, h.id ASC`;
    const among = wanted === null ? Prisma.sql`true` : hasFreshnessKey(wanted.freshnessKeys, wanted.ages);
    const where = Prisma.sql`${matching(condition)} AND ${keyset} AND ${among}`;
    const few = wanted !== null && wanted.hosts <= FEW && condition.hosts === null;
    return this.select(few ? candidates(wanted, moment) : hostsAt(moment), where, order, limit, moment, moment.usesPrimary ? this.db : this.read);
  }

  private async select(hosts: Prisma.Sql, where: Prisma.Sql, order: Prisma.Sql, limit: number, moment: AsOf, connection: Connection): Promise<HostRow[]> {
    // what no verdict reads is always today's; of a host that was not retired then, not that it is now
    const today = Prisma.sql`JOIN host t ON t.bucket = h.bucket AND t.id = h.id LEFT JOIN host_heartbeat c ON c.bucket = h.bucket AND c.host_id = h.id`;
    const rows = await connection.$queryRaw<HostRow[]>`
      /* hosts.select */
      WITH page AS MATERIALIZED (SELECT h.* FROM ${hosts} WHERE ${where} ORDER BY ${order} LIMIT ${limit})
      SELECT h.id, h.hostname, l.labels, h.label_set_id AS "labelSetId", h.situation_id AS "situationId", h.boot_id AS "bootId", t.detail, h.suspect,
             CASE WHEN h.retired THEN t.retired_at END AS "retiredAt", CASE WHEN h.retired THEN t.retired_by END AS "retiredBy",
             h.confirmed_at AS "confirmedAt", ${moment.past ? Prisma.sql`least(c.contact_at, ${moment.now}::timestamptz)` : Prisma.sql`c.contact_at`} AS "contactAt", coalesce(h.superseded, false) AS superseded
        FROM page h JOIN label_set l ON l.id = h.label_set_id ${today} ORDER BY ${order}`;
    sameEpoch(moment, this.db.epochName);
    return rows;
  }
}

/** What a host's interval is about. */
interface Interval extends CohortKey {
  readonly retired: boolean;
}

/** Keeps the open interval of this host as a closed one, before its row is changed. The row must be locked. */
async function closeInterval(tx: Connection, key: Prisma.Sql, at: Date): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO host_history (bucket, host_id, valid_from, valid_until, opened_by, closed_by, situation_id, label_set_id, boot_id, suspect, retired, sequence)
    SELECT bucket, id, since, greatest(since, ${at}::timestamptz), opened_by, pg_current_xact_id()::text::bigint, situation_id, label_set_id, boot_id, suspect_since IS NOT NULL,
           retired_at IS NOT NULL, sequence FROM host WHERE ${key}`;
}

/**
 * The hosts that may be in these freshness keys, found by their situation, and those that are overdue or superseded by their heartbeats: then there are few to sort, instead of every
 * name to go through. Each is looked up by its key, which PostgreSQL would not do by itself: it takes bucket and id as independent.
 */
function candidates({ freshnessKeys, ages }: Wanted, moment: AsOf): Prisma.Sql {
  const plain = freshnessKeys.filter(({ superseded, overdue, level }) => !superseded && !overdue && (level === 'FRESH' || level === 'NEVER'));
  const ids = [...new Set(plain.flatMap(({ situationId }) => situationId ?? []))];
  const never = plain.some(({ situationId }) => situationId === null);
  const inOne = (row: 'h' | 'p') =>
    Prisma.sql`(${Prisma.raw(row)}.situation_id = ANY(${ids}::uuid[])${never ? Prisma.sql` OR ${Prisma.raw(row)}.situation_id IS NULL` : Prisma.empty})`;
  const parts = [Prisma.sql`SELECT h.bucket, h.id FROM host h WHERE ${inOne('h')}`];
  if (moment.past) parts.push(Prisma.sql`SELECT p.bucket, p.host_id FROM host_history p WHERE ${closedIsValidAt(moment)} AND ${inOne('p')}`);
  if (plain.length < freshnessKeys.length) parts.push(...staleHostKeys(ages, moment));
  return Prisma.sql`(
      WITH c AS MATERIALIZED (${Prisma.join(parts, ' UNION ')})
      SELECT h.* FROM c CROSS JOIN LATERAL (SELECT h.* FROM ${hostsAt(moment)} WHERE h.bucket = c.bucket AND h.id = c.id LIMIT 1) h) h`;
}
