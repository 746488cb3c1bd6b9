import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { Prisma } from '../../database/generated/client.js';
import { named, sql } from '../../database/sql.js';
import { ReadDatabase } from '../../database/read-database.js';
import type { Transaction } from '../catalog/revisions.js';

export type WatchedTargetRow = Prisma.WatchedTargetGetPayload<object>;

/** The numbers of verdicts about a target at an hour. */
export interface VerdictSum {
  readonly at: Date;
  /** The value of the label; null: all hosts. */
  readonly value: string | null;
  readonly safe: number;
  readonly unknown: number;
  readonly unsafe: number;
  readonly refused: number;
  readonly accepted: number;
}

/** The advisory lock of the server that stores the sums of an hour. */
const SUMS_LOCK = 72_707_374;

/** What stands for all hosts. No label has an empty value. */
const ALL = '';

/**
 * Numbers of verdicts by the hour, for watched targets. They are stored, because the past is slow to judge.
 */
@Injectable()
export class VerdictSumsStore {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /** The targets that are watched in addition to those that always are. */
  async watched(): Promise<WatchedTargetRow[]> {
    return this.db.watchedTarget.findMany({ orderBy: { target: 'asc' } });
  }

  async watch(tx: Transaction, row: WatchedTargetRow): Promise<void> {
    await tx.watchedTarget.upsert({ where: { target: row.target }, create: row, update: {} });
  }

  /** @returns what was watched; null: the target was not */
  async unwatch(tx: Transaction, target: string): Promise<WatchedTargetRow | null> {
    const row = await tx.watchedTarget.findUnique({ where: { target } });
    if (row !== null) await tx.watchedTarget.delete({ where: { target } });
    return row;
  }

  /** Of these targets, those that have no sums of this hour. */
  async missing(targets: readonly string[], at: Date): Promise<string[]> {
    const rows = await this.db.verdictSum.findMany({
      where: { at, value: ALL, target: { in: [...targets] } },
      select: { target: true },
    });
    const stored = new Set(rows.map(({ target }) => target));
    return targets.filter((target) => !stored.has(target));
  }

  /**
   * Does the work unless another server does it at this moment.
   *
   * The lock ends with its transaction, which is open meanwhile.
   */
  async alone(work: () => Promise<void>): Promise<void> {
    await this.db.$transaction(async (tx) => {
      const [lock] = await tx.$queryRaw<{ mine: boolean }[]>`
        SELECT pg_try_advisory_xact_lock(${SUMS_LOCK}) AS mine`;
      if (lock!.mine) await work();
    });
  }

  /** Stores the sums of a target. Those that are stored stay. */
  async save(target: string, sums: readonly VerdictSum[]): Promise<void> {
    await this.db.verdictSum.createMany({
      data: sums.map(({ value, ...sum }) => ({ ...sum, target, value: value ?? ALL })),
      skipDuplicates: true,
    });
  }

  /** Deletes sums from before this instant. */
  async forget(before: Date): Promise<void> {
    await this.db.verdictSum.deleteMany({ where: { at: { lt: before } } });
  }

  /**
   * The sums of a target in the order of time and value: of each step, the first that was stored.
   *
   * @param byValue those of each value of the label; false: those of all hosts
   */
  async history(
    target: string,
    { from, until, stepSeconds }: { readonly from: Date; readonly until: Date; readonly stepSeconds: number },
    byValue: boolean,
    limit: number,
  ): Promise<VerdictSum[]> {
    const rows = await this.read.$queryRaw<(VerdictSum & { value: string })[]>(
      named(
        'verdict-sums.history',
        sql`
          SELECT at, value, safe, unknown, unsafe, refused, accepted
            FROM (SELECT DISTINCT ON (value, step) *
                    FROM (SELECT *, floor(extract(epoch FROM at) / ${stepSeconds}::integer) AS step
                            FROM verdict_sum
                           WHERE target = ${target}
                             AND at >= ${from}::timestamptz
                             AND at <= ${until}::timestamptz
                             AND (value <> ${ALL}) = ${byValue}) sums
                   ORDER BY value, step, at) steps
           ORDER BY at, value
           LIMIT ${limit}`,
      ),
    );
    return rows.map((row) => ({ ...row, value: row.value === ALL ? null : row.value }));
  }
}
