import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { column } from '../../database/columns.js';
import { type Connection, Database } from '../../database/database.js';
import { long, named, raw, sql, type Sql } from '../../database/sql.js';
import { NOTIFY_CHANGES } from '../changes/channel.js';
import { bucketOf } from '../hosts/bucket.js';

/** Stands for the situation of hosts that never reported, because a key has no nulls. */
export const NO_SITUATION = '00000000-0000-0000-0000-000000000000';

/** What the hosts of a cohort share, whatever their age. */
export interface CohortKey {
  readonly situationId: string | null;
  readonly labelSetId: string;
  readonly suspect: boolean;
}

/** A host that moves from one cohort to another; null: it is not counted, before or after. */
export interface Move {
  readonly hostId: string;
  readonly from: CohortKey | null;
  readonly to: CohortKey | null;
}

interface Delta extends CohortKey {
  readonly hosts: number;
}

const keyText = ({ situationId, labelSetId, suspect }: CohortKey): string =>
  `${situationId ?? NO_SITUATION} ${labelSetId} ${suspect}`;

/** By how much these moves change the size of each cohort; cohorts of unchanged size are left out. */
export function deltasOf(moves: readonly Move[]): Delta[] {
  const sums = new Map<string, Delta>();
  const add = (key: CohortKey | null, hosts: number) => {
    if (key === null) return;
    const text = keyText(key);
    sums.set(text, { ...key, hosts: (sums.get(text)?.hosts ?? 0) + hosts });
  };
  for (const { from, to } of moves) {
    add(from, -1);
    add(to, 1);
  }
  return [...sums.values()].filter(({ hosts }) => hosts !== 0);
}

/** The advisory lock of a roll-up. */
const ROLL_UP_LOCK = 72_707_370;

/** The number of roll-ups that are kept. */
const ROLL_UPS_KEPT = 1000;
/**
 * The last roll-ups are kept while they have at most this number of changes: reading all counts costs less.
 */
const CHANGES_KEPT = 500_000;

/** The arrays of a row of `cohort_delta` or `roll_up`, as rows `d`. */
const eachOf = (row: Sql): Sql => sql`
  unnest(${row}.situation_ids, ${row}.label_set_ids, ${row}.suspects, ${row}.hosts)
    AS d(situation_id, label_set_id, suspect, hosts)`;

/**
 * The counts at this instant, deltas included: columns `situation_id`, `label_set_id`, `suspect`, `hosts`.
 */
export const CURRENT_COUNTS: Sql = sql`
  SELECT situation_id, label_set_id, suspect, hosts
    FROM cohort
   UNION ALL
  SELECT d.situation_id, d.label_set_id, d.suspect, d.hosts::bigint
    FROM cohort_delta b, ${eachOf(raw('b'))}`;

/** Where counts differ from a recount. */
interface Difference {
  readonly situationId: string;
  readonly labelSetId: string;
  readonly suspect: boolean;
  readonly counted: bigint;
  readonly hosts: bigint;
}

/**
 * How many hosts each cohort has. Batches write deltas with their hosts; a roll-up soon adds them to the
 * counts.
 */
@Injectable()
export class CohortsStore {
  constructor(private readonly db: Database) {}

  /** Writes by how much these moves change the counts, in the transaction that writes the hosts. */
  async append(tx: Connection, moves: readonly Move[]): Promise<void> {
    const deltas = deltasOf(moves);
    if (deltas.length === 0) return;
    // a sum needs no particular bucket; this one is written by the transaction anyway
    const bucket = bucketOf(moves[0]!.hostId);
    const situations = column(deltas, 'uuid', (delta) => delta.situationId ?? NO_SITUATION);
    const labels = column(deltas, 'uuid', (delta) => delta.labelSetId);
    const suspects = column(deltas, 'boolean', (delta) => delta.suspect);
    const hosts = column(deltas, 'integer', (delta) => delta.hosts);
    await tx.$executeRaw(
      named(
        'cohorts.append',
        sql`
          INSERT INTO cohort_delta (bucket, id, situation_ids, label_set_ids, suspects, hosts)
          VALUES (${bucket}::smallint, ${uuidv7()}::uuid, ${situations}, ${labels}, ${suspects}, ${hosts})`,
      ),
    );
  }

  /**
   * Adds the deltas to the counts; the sum of both is the same at every instant. Only one server does this at
   * a time.
   *
   * @returns the number of counts that changed, and of batches whose deltas were added
   */
  async rollUp(): Promise<{ changes: number; batches: number }> {
    return this.db.$transaction(async (tx) => {
      const sent = performance.now();
      const [lock] = await tx.$queryRaw<{ mine: boolean; now: Date }[]>`
        SELECT pg_try_advisory_xact_lock(${ROLL_UP_LOCK}) AS mine, clock_timestamp() AS now`;
      this.db.time.read(lock!.now, sent);
      if (!lock!.mine) return { changes: 0, batches: 0 };
      const [done] = await tx.$queryRaw<{ batches: number; changes: number | null }[]>(
        long(
          named(
            'cohorts.roll_up',
            sql`
              WITH taken AS (
                     DELETE FROM cohort_delta
                      WHERE bucket BETWEEN 0 AND 255
                     RETURNING situation_ids, label_set_ids, suspects, hosts),
                   sums AS (
                     SELECT d.situation_id, d.label_set_id, d.suspect, sum(d.hosts) AS hosts
                       FROM taken, ${eachOf(raw('taken'))}
                      GROUP BY 1, 2, 3
                     HAVING sum(d.hosts) <> 0),
                   added AS (
                     INSERT INTO cohort AS c (situation_id, label_set_id, suspect, hosts)
                     SELECT *
                       FROM sums
                      ORDER BY situation_id, label_set_id, suspect
                     ON CONFLICT (situation_id, label_set_id, suspect) DO UPDATE
                        SET hosts = c.hosts + excluded.hosts
                     RETURNING situation_id, label_set_id, suspect, hosts),
                   made AS (
                     INSERT INTO roll_up (number, name, changes, situation_ids, label_set_ids, suspects,
                                          hosts)
                     SELECT (SELECT max(number) FROM roll_up) + 1,
                            ${randomUUID()}::uuid,
                            count(*),
                            array_agg(situation_id),
                            array_agg(label_set_id),
                            array_agg(suspect),
                            array_agg(hosts)
                       FROM added
                     HAVING count(*) > 0
                     RETURNING changes)
              SELECT (SELECT count(*)::int FROM taken) AS batches,
                     (SELECT changes FROM made) AS changes,
                     CASE WHEN EXISTS (SELECT FROM taken) THEN ${NOTIFY_CHANGES} END AS notified`,
          ),
        ),
      );
      if (done!.changes !== null) await this.clear(tx);
      return { changes: done!.changes ?? 0, batches: done!.batches };
    });
  }

  /** How long the oldest delta has been waiting for a roll-up. 0: none waits. */
  async rollUpDelaySeconds(): Promise<number> {
    const [oldest] = await this.db.$queryRaw<{ id: string; now: Date }[]>(
      named(
        'cohorts.oldest_delta',
        sql`
          SELECT id, clock_timestamp() AS now
            FROM cohort_delta
           WHERE bucket BETWEEN 0 AND 255
           ORDER BY id
           LIMIT 1`,
      ),
    );
    if (oldest === undefined) return 0;
    // the id begins with the milliseconds of its time (RFC 9562)
    const appended = Number.parseInt(oldest.id.replaceAll('-', '').slice(0, 12), 16);
    return Math.max(0, (oldest.now.getTime() - appended) / 1000);
  }

  /** Deletes the cohorts that the last roll-up emptied, which it records, and roll-ups that are too old. */
  private async clear(tx: Connection): Promise<void> {
    await tx.$executeRaw(
      long(
        named(
          'cohorts.empty',
          sql`
            DELETE FROM cohort c
             USING roll_up f, ${eachOf(raw('f'))}
             WHERE f.number = (SELECT max(number) FROM roll_up)
               AND d.hosts = 0
               AND c.situation_id = d.situation_id
               AND c.label_set_id = d.label_set_id
               AND c.suspect = d.suspect
               AND c.hosts = 0`,
        ),
      ),
    );
    await tx.$executeRaw(
      long(
        named(
          'cohorts.forget',
          sql`
            DELETE FROM roll_up
             WHERE number <= (SELECT max(number) FROM roll_up) - ${ROLL_UPS_KEPT}
                OR number < (
                     SELECT max(number)
                       FROM (SELECT number, sum(changes) OVER (ORDER BY number DESC) AS since FROM roll_up) f
                      WHERE since > ${CHANGES_KEPT})`,
        ),
      ),
    );
  }

  /**
   * Where the counts, or the cohorts of heartbeats, differ from a full recount of the hosts. There are none,
   * unless the registry has a bug. For tests.
   */
  async differences(): Promise<Difference[]> {
    return this.db.$queryRaw`
      WITH counted AS (
             SELECT situation_id, label_set_id, suspect, sum(hosts)::bigint AS n
               FROM (${CURRENT_COUNTS}) c
              GROUP BY 1, 2, 3
             HAVING sum(hosts) <> 0),
           truth AS (
             SELECT coalesce(situation_id, ${NO_SITUATION}::uuid) AS situation_id,
                    label_set_id,
                    suspect_since IS NOT NULL AS suspect,
                    count(*) AS n
               FROM host
              WHERE retired_at IS NULL
              GROUP BY 1, 2, 3),
           strays AS (
             SELECT b.situation_id, b.label_set_id, b.suspect, count(*) AS n
               FROM host_heartbeat b
               JOIN host h ON h.bucket = b.bucket AND h.id = b.host_id
              WHERE CASE WHEN h.retired_at IS NULL
                         THEN (b.situation_id, b.label_set_id, b.suspect)
                              IS DISTINCT FROM (h.situation_id, h.label_set_id, h.suspect_since IS NOT NULL)
                         ELSE b.label_set_id IS NOT NULL END
              GROUP BY 1, 2, 3)
      SELECT situation_id AS "situationId",
             label_set_id AS "labelSetId",
             suspect,
             coalesce(counted.n, 0) AS counted,
             coalesce(truth.n, 0) AS hosts
        FROM counted
        FULL JOIN truth USING (situation_id, label_set_id, suspect)
       WHERE counted.n IS DISTINCT FROM truth.n
       UNION ALL
      SELECT situation_id, label_set_id, suspect, n, 0
        FROM strays`;
  }
}
