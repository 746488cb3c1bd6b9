import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import type { Prisma } from '../../database/generated/client.js';
import { long } from '../../database/sql.js';
import { AuditStore } from '../access/audit.store.js';

/** Tables of periods that ended, partitioned by the day of this column. */
const TABLES = { host_history: 'valid_until', host_gap: 'until' } as const;
type Table = keyof typeof TABLES;

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** The action of a dropped partition in the audit log. */
const DROPPED = 'history.drop';
/** Days whose partitions are created before they begin. */
const DAYS_AHEAD = 3;
/** The advisory lock of a server that creates or drops partitions. */
const PARTITIONS_LOCK = 72_707_371;

const nameOf = (table: Table, day: Date): string =>
  `${table}_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;
const dayOf = (instant: Date): Date => new Date(Math.floor(instant.getTime() / DAY_MS) * DAY_MS);

/** History in partitions of a day. Old history is dropped with its partition; no rows are deleted. */
@Injectable()
export class HistoryStore {
  constructor(
    private readonly db: Database,
    private readonly audit: AuditStore,
  ) {}

  /**
   * Creates the partitions of today and the next days, and drops those that ended before the retention
   * period. Only one server does this at a time.
   *
   * A wrong clock must not drop history. So the period also ends at the newest confirmation of a host, and
   * each table loses at most one day in an hour. Each drop is in the audit log.
   *
   * @returns the partitions that were created and dropped
   */
  async keepPartitions(now: Date, historyDays: number): Promise<{ made: string[]; dropped: string[] }> {
    const days = Array.from(
      { length: DAYS_AHEAD + 1 },
      (_, i) => new Date(dayOf(now).getTime() + i * DAY_MS),
    );
    const oldest = dayOf(new Date((await this.newest(now)).getTime() - historyDays * DAY_MS));
    const made: string[] = [];
    const dropped: string[] = [];
    for (const table of Object.keys(TABLES) as Table[]) {
      const existing = await this.partitions(table);
      for (const day of days) {
        const name = nameOf(table, day);
        if (!existing.includes(name) && (await this.make(table, day))) made.push(name);
      }
      const old = existing.find((name) => name < nameOf(table, oldest) && name !== `${table}_rest`);
      if (old !== undefined && (await this.drop(table, old, now))) dropped.push(old);
    }
    return { made, dropped };
  }

  /** Now, or the newest confirmation of a host if that is earlier; without hosts, the beginning of time. */
  private async newest(now: Date): Promise<Date> {
    const [row] = await this.db.$queryRaw<{ newest: Date | null }[]>`
      SELECT max(confirmed_after) AS newest FROM host_heartbeat`;
    const newest = row?.newest ?? new Date(0);
    return newest < now ? newest : now;
  }

  /** The partitions of a table, by name. */
  async partitions(table: Table): Promise<string[]> {
    const rows = await this.db.$queryRaw<{ name: string }[]>`
      SELECT c.relname::text AS name
        FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = ${table}::text::regclass
       ORDER BY 1`;
    return rows.map(({ name }) => name);
  }

  /** Creates a partition. Rows of that day that came before are moved into it. */
  private async make(table: Table, day: Date): Promise<boolean> {
    const name = nameOf(table, day);
    const ended = TABLES[table];
    const [from, until] = [day.toISOString(), new Date(day.getTime() + DAY_MS).toISOString()];
    return this.alone(async (tx) => {
      const [found] = await tx.$queryRaw<
        { exists: boolean }[]
      >`SELECT to_regclass(${name}) IS NOT NULL AS exists`;
      if (found!.exists) return false;
      for (const statement of [
        `CREATE TABLE "${name}" (LIKE "${table}" INCLUDING ALL)`,
        `WITH moved AS (
           DELETE FROM "${table}_rest"
            WHERE "${ended}" >= '${from}' AND "${ended}" < '${until}'
           RETURNING *)
         INSERT INTO "${name}"
         SELECT * FROM moved`,
        `ALTER TABLE "${table}" ATTACH PARTITION "${name}" FOR VALUES FROM ('${from}') TO ('${until}')`,
      ])
        await tx.$executeRawUnsafe(long(statement));
      return true;
    });
  }

  private async drop(table: Table, name: string, now: Date): Promise<boolean> {
    return this.alone(async (tx) => {
      // a drop in the future was recorded by a wrong clock
      const lastHour = { gt: new Date(now.getTime() - HOUR_MS), lte: now };
      const where = { action: DROPPED, at: lastHour, subject: { startsWith: table } };
      if ((await tx.audit.count({ where })) > 0) return false;
      await tx.$executeRawUnsafe(long(`ALTER TABLE "${table}" DETACH PARTITION "${name}"`));
      await tx.$executeRawUnsafe(long(`DROP TABLE "${name}"`));
      await this.audit.append(tx, { who: 'server', action: DROPPED, subject: name }, now);
      return true;
    });
  }

  /**
   * Does nothing if another server does it, and fails if a question locks the table for long: until next
   * time.
   */
  private async alone(work: (tx: Prisma.TransactionClient) => Promise<boolean>): Promise<boolean> {
    return this.db.$transaction(async (tx) => {
      const [lock] = await tx.$queryRaw<{ mine: boolean }[]>`
        SELECT pg_try_advisory_xact_lock(${PARTITIONS_LOCK}) AS mine`;
      if (!lock!.mine) return false;
      await tx.$executeRaw`SET LOCAL lock_timeout = '500ms'`;
      return work(tx);
    });
  }
}
