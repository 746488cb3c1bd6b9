import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { column } from '../../database/columns.js';
import { type Connection, Database, Prisma } from '../../database/database.js';
import { bucketOf } from '../hosts/bucket.js';

/** Stands for the situation of hosts that never reported: a key has no nulls. */
export const NO_SITUATION = '00000000-0000-0000-0000-000000000000';

/** What hosts of one cohort share, whatever their age. */
export interface CohortKey {
  readonly situationId: string | null;
  readonly labelSetId: string;
  readonly suspect: boolean;
}

/** A host that leaves one cohort for another; null: it does not count, before or after. */
export interface Move {
  readonly hostId: string;
  readonly from: CohortKey | null;
  readonly to: CohortKey | null;
}

interface Delta extends CohortKey {
  readonly hosts: number;
}

const nameOf = ({ situationId, labelSetId, suspect }: CohortKey): string => `${situationId ?? NO_SITUATION} ${labelSetId} ${suspect}`;

/** By how much does each cohort grow or shrink by these moves? Those that stay as large are left out. */
export function deltasOf(moves: readonly Move[]): Delta[] {
  const sums = new Map<string, { key: CohortKey; hosts: number }>();
  const add = (key: CohortKey | null, hosts: number) => {
    if (key === null) return;
    const sum = sums.get(nameOf(key)) ?? { key, hosts: 0 };
    sum.hosts += hosts;
    sums.set(nameOf(key), sum);
  };
  for (const { from, to } of moves) {
    add(from, -1);
    add(to, 1);
  }
  return [...sums.values()].filter(({ hosts }) => hosts !== 0).map(({ key, hosts }) => ({ ...key, hosts }));
}

/** The advisory lock that a fold holds. */
const FOLD = 72_707_370;

/** So many folds are kept, and of the last ones no more than those that changed so many counts: whoever holds older counts reads all of them anew, which is cheaper then. */
const FOLDS_KEPT = 1000;
const CHANGES_KEPT = 500_000;

/** What a row of arrays says, of `cohort_delta` or `fold`: `(…) d` with the columns situation_id, label_set_id, suspect, hosts. */
const each = (row: string): Prisma.Sql => {
  const of = Prisma.raw(row);
  return Prisma.sql`unnest(${of}.situation_ids, ${of}.label_set_ids, ${of}.suspects, ${of}.hosts) AS d(situation_id, label_set_id, suspect, hosts)`;
};

/** The counts at this instant, deltas included: columns `situation_id`, `label_set_id`, `suspect`, `hosts`. */
export const CURRENT_COUNTS: Prisma.Sql = Prisma.sql`
  SELECT situation_id, label_set_id, suspect, hosts FROM cohort UNION ALL SELECT d.situation_id, d.label_set_id, d.suspect, d.hosts::bigint FROM cohort_delta b, ${each('b')}`;

/** How many hosts each cohort has: kept by deltas, which are written with the hosts and folded soon after. */
@Injectable()
export class CohortsStore {
  constructor(private readonly db: Database) {}

  /** Writes what these moves change, beside the hosts and in their transaction. */
  async append(tx: Connection, moves: readonly Move[]): Promise<void> {
    const deltas = deltasOf(moves);
    if (deltas.length === 0) return;
    // which bucket does not matter to a sum: it has to be one that this transaction writes to anyway
    const bucket = bucketOf(moves[0]!.hostId);
    await tx.$executeRaw`
      /* cohorts.append */
      INSERT INTO cohort_delta (bucket, id, situation_ids, label_set_ids, suspects, hosts)
      VALUES (${bucket}::smallint, ${uuidv7()}::uuid, ${column(deltas, 'uuid', (delta) => delta.situationId ?? NO_SITUATION)}, ${column(deltas, 'uuid', (delta) => delta.labelSetId)},
              ${column(deltas, 'boolean', (delta) => delta.suspect)}, ${column(deltas, 'integer', (delta) => delta.hosts)})`;
  }

  /**
   * Adds the deltas that are there to the counts; the sum of both is the same at every instant. One fold at a time, whatever the number of servers.
   *
   * @returns how many counts have changed, and by how many batches
   */
  async rollUp(): Promise<{ changes: number; batches: number }> {
    return this.db.$transaction(async (tx) => {
      const sent = performance.now();
      const lock = await tx.$queryRaw<{ mine: boolean; now: Date }[]>`SELECT pg_try_advisory_xact_lock(${FOLD}) AS mine, clock_timestamp() AS now`;
      this.db.time.read(lock[0]!.now, sent);
      if (lock[0]?.mine !== true) return { changes: 0, batches: 0 };
      const [folded] = await tx.$queryRaw<{ batches: number; changes: number | null }[]>`
        /* cohorts.fold */
        WITH taken AS (DELETE FROM cohort_delta WHERE bucket BETWEEN 0 AND 255 RETURNING situation_ids, label_set_ids, suspects, hosts),
             sums AS (SELECT d.situation_id, d.label_set_id, d.suspect, sum(d.hosts) AS hosts FROM taken, ${each('taken')} GROUP BY 1, 2, 3 HAVING sum(d.hosts) <> 0),
             added AS (INSERT INTO cohort AS c (situation_id, label_set_id, suspect, hosts) SELECT * FROM sums ORDER BY situation_id, label_set_id, suspect
                       ON CONFLICT (situation_id, label_set_id, suspect) DO UPDATE SET hosts = c.hosts + excluded.hosts RETURNING situation_id, label_set_id, suspect, hosts),
             made AS (INSERT INTO fold (number, name, changes, situation_ids, label_set_ids, suspects, hosts)
                      SELECT (SELECT max(number) FROM fold) + 1, ${randomUUID()}::uuid, count(*), array_agg(situation_id), array_agg(label_set_id), array_agg(suspect), array_agg(hosts)
                        FROM added HAVING count(*) > 0 RETURNING changes)
        SELECT (SELECT count(*)::int FROM taken) AS batches, (SELECT changes FROM made) AS changes`;
      if (folded!.changes !== null) await this.clear(tx);
      return { changes: folded!.changes ?? 0, batches: folded!.batches };
    });
  }

  /** After a fold: cohorts that it has emptied go, it says so itself; and so do folds that are too long ago. */
  private async clear(tx: Connection): Promise<void> {
    await tx.$executeRaw`
      /* cohorts.empty */
      DELETE FROM cohort c USING fold f, ${each('f')} WHERE f.number = (SELECT max(number) FROM fold) AND d.hosts = 0
         AND c.situation_id = d.situation_id AND c.label_set_id = d.label_set_id AND c.suspect = d.suspect AND c.hosts = 0`;
    await tx.$executeRaw`
      /* cohorts.forget */
      DELETE FROM fold WHERE number <= (SELECT max(number) FROM fold) - ${FOLDS_KEPT}
          OR number < (SELECT max(number) FROM (SELECT number, sum(changes) OVER (ORDER BY number DESC) AS since FROM fold) f WHERE since > ${CHANGES_KEPT})`;
  }

  /** Where the counts, or the cohorts that heartbeats are counted in, differ from a full recount of the hosts, in one statement; nothing, always. */
  async differences(): Promise<{ situationId: string; labelSetId: string; suspect: boolean; counted: bigint; hosts: bigint }[]> {
    return this.db.$queryRaw`
      WITH counted AS (SELECT situation_id, label_set_id, suspect, sum(hosts)::bigint AS n
                         FROM (${CURRENT_COUNTS}) c
                        GROUP BY 1, 2, 3 HAVING sum(hosts) <> 0),
           truth AS (SELECT coalesce(situation_id, ${NO_SITUATION}::uuid) AS situation_id, label_set_id, suspect_since IS NOT NULL AS suspect, count(*) AS n
                       FROM host WHERE retired_at IS NULL GROUP BY 1, 2, 3),
           strays AS (SELECT b.situation_id, b.label_set_id, b.suspect, count(*) AS n FROM host_heartbeat b JOIN host h ON h.bucket = b.bucket AND h.id = b.host_id
                       WHERE CASE WHEN h.retired_at IS NULL THEN (b.situation_id, b.label_set_id, b.suspect) IS DISTINCT FROM (h.situation_id, h.label_set_id, h.suspect_since IS NOT NULL)
                                  ELSE b.label_set_id IS NOT NULL END GROUP BY 1, 2, 3)
      SELECT situation_id AS "situationId", label_set_id AS "labelSetId", suspect, coalesce(counted.n, 0) AS counted, coalesce(truth.n, 0) AS hosts
        FROM counted FULL JOIN truth USING (situation_id, label_set_id, suspect) WHERE counted.n IS DISTINCT FROM truth.n
       UNION ALL SELECT situation_id, label_set_id, suspect, n, 0 FROM strays`;
  }
}
