import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { column } from './columns.js';
import { type Connection, Database, Prisma } from './database.js';
import { bucketOf } from './digests.js';

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

/** So many folds are known by name, and so long a cohort without hosts stays: whoever holds counts of one of them learns what has changed since. */
const FOLDS_KEPT = 1000;

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
      INSERT INTO cohort_delta (bucket, id, situation_id, label_set_id, suspect, hosts)
      SELECT * FROM unnest(${column(deltas, 'smallint', () => bucket)}, ${column(deltas, 'uuid', () => uuidv7())}, ${column(deltas, 'uuid', (delta) => delta.situationId ?? NO_SITUATION)},
                           ${column(deltas, 'uuid', (delta) => delta.labelSetId)}, ${column(deltas, 'boolean', (delta) => delta.suspect)}, ${column(deltas, 'integer', (delta) => delta.hosts)})`;
  }

  /**
   * Adds the deltas that are there to the counts; the sum of both is the same at every instant. One fold at a time, whatever the number of servers.
   *
   * @returns how many deltas were folded
   */
  async fold(): Promise<number> {
    return this.db.$transaction(async (tx) => {
      const lock = await tx.$queryRaw<{ mine: boolean }[]>`SELECT pg_try_advisory_xact_lock(${FOLD}) AS mine`;
      if (lock[0]?.mine !== true) return 0;
      const folded = await tx.$queryRaw<{ n: bigint }[]>`
        WITH taken AS (DELETE FROM cohort_delta WHERE bucket BETWEEN 0 AND 255 RETURNING situation_id, label_set_id, suspect, hosts),
             sums AS (SELECT situation_id, label_set_id, suspect, sum(hosts) AS hosts FROM taken GROUP BY 1, 2, 3 HAVING sum(hosts) <> 0),
             made AS (INSERT INTO fold (number, name) SELECT (SELECT max(number) FROM fold) + 1, ${randomUUID()}::uuid WHERE EXISTS (SELECT FROM taken) RETURNING number),
             added AS (INSERT INTO cohort AS c (situation_id, label_set_id, suspect, hosts, fold) SELECT sums.*, made.number FROM sums, made ORDER BY situation_id, label_set_id, suspect
                       ON CONFLICT (situation_id, label_set_id, suspect) DO UPDATE SET hosts = c.hosts + excluded.hosts, fold = excluded.fold RETURNING c.hosts)
        SELECT count(*) AS n FROM taken`;
      const n = Number(folded[0]?.n ?? 0n);
      if (n > 0) {
        await tx.$executeRaw`DELETE FROM cohort WHERE hosts = 0 AND fold <= (SELECT max(number) FROM fold) - ${FOLDS_KEPT}`;
        await tx.$executeRaw`DELETE FROM fold WHERE number <= (SELECT max(number) FROM fold) - ${FOLDS_KEPT}`;
      }
      return n;
    });
  }

  /** Where the counts, or the cohorts that heartbeats are counted in, differ from a full recount of the hosts, in one statement; nothing, always. */
  async differences(): Promise<{ situationId: string; labelSetId: string; suspect: boolean; counted: bigint; hosts: bigint }[]> {
    return this.db.$queryRaw`
      WITH counted AS (SELECT situation_id, label_set_id, suspect, sum(hosts)::bigint AS n
                         FROM (SELECT situation_id, label_set_id, suspect, hosts FROM cohort UNION ALL SELECT situation_id, label_set_id, suspect, hosts FROM cohort_delta) c
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

/** The counts at this instant, deltas included: columns `situation_id`, `label_set_id`, `suspect`, `hosts`. */
export const CURRENT_COUNTS: Prisma.Sql = Prisma.sql`
  SELECT situation_id, label_set_id, suspect, hosts FROM cohort UNION ALL SELECT situation_id, label_set_id, suspect, hosts FROM cohort_delta`;
