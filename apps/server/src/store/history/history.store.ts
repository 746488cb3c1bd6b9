import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { Database, Prisma } from '../../database/database.js';

/** The tables of what is over, and the column of when it ended, by whose day they are partitioned. */
const TABLES = { host_history: 'valid_until', host_lapse: 'until' } as const;
type Table = keyof typeof TABLES;

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** In the audit log, the action of a partition that was dropped. */
const DROPPED = 'history.drop';
/** Days that are made before they begin. */
const AHEAD = 3;
/** The advisory lock of whoever makes and drops partitions. */
const KEEPING = 72_707_371;

const nameOf = (table: Table, day: Date): string => `${table}_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;
const dayOf = (instant: Date): Date => new Date(Math.floor(instant.getTime() / DAY_MS) * DAY_MS);

/** History in partitions of a day. What is too old goes with its partition; no rows are deleted. */
@Injectable()
export class HistoryStore {
  constructor(private readonly db: Database) {}

  /**
   * Makes the partitions of today and the next days, and drops those that ended before history is kept. One server at a time; the others leave it to that one.
   *
   * A clock that is wrong must not drop history: it is kept before the newest confirmation of a host, too, and one day of each table is dropped in an hour. Each drop is in the audit log.
   *
   * @returns the partitions that were made and dropped
   */
  async keepPartitions(now: Date, historyDays: number): Promise<{ made: string[]; dropped: string[] }> {
    const days = Array.from({ length: AHEAD + 1 }, (_, i) => new Date(dayOf(now).getTime() + i * DAY_MS));
    const oldest = dayOf(new Date((await this.newest(now)).getTime() - historyDays * DAY_MS));
    const made: string[] = [];
    const dropped: string[] = [];
    for (const table of Object.keys(TABLES) as Table[]) {
      const there = await this.partitions(table);
      for (const day of days) if (!there.includes(nameOf(table, day)) && (await this.make(table, day))) made.push(nameOf(table, day));
      const old = there.find((name) => name < nameOf(table, oldest) && name !== `${table}_rest`);
      if (old !== undefined && (await this.drop(table, old, now))) dropped.push(old);
    }
    return { made, dropped };
  }

  /** Now, or the newest confirmation of a host where that is earlier; without any, the beginning of time. */
  private async newest(now: Date): Promise<Date> {
    const [row] = await this.db.$queryRaw<{ newest: Date | null }[]>`SELECT max(confirmed_after) AS newest FROM host_heartbeat`;
    const newest = row?.newest ?? new Date(0);
    return newest < now ? newest : now;
  }

  /** The partitions of a table, by name. */
  async partitions(table: Table): Promise<string[]> {
    const rows = await this.db.$queryRaw<{ name: string }[]>`
      SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = ${table}::text::regclass ORDER BY 1`;
    return rows.map(({ name }) => name);
  }

  /** Rows of that day which came before it had a partition move into it. */
  private async make(table: Table, day: Date): Promise<boolean> {
    const name = nameOf(table, day);
    const [from, until] = [day.toISOString(), new Date(day.getTime() + DAY_MS).toISOString()];
    return this.alone(async (tx) => {
      const there = await tx.$queryRaw<{ there: boolean }[]>`SELECT to_regclass(${name}) IS NOT NULL AS there`;
      if (there[0]?.there) return false;
      await tx.$executeRawUnsafe(`/* long: partitions */ CREATE TABLE "${name}" (LIKE "${table}" INCLUDING ALL)`);
      await tx.$executeRawUnsafe(
        `/* long: partitions */ WITH moved AS (DELETE FROM "${table}_rest" WHERE "${TABLES[table]}" >= '${from}' AND "${TABLES[table]}" < '${until}' RETURNING *) INSERT INTO "${name}" SELECT * FROM moved`,
      );
      await tx.$executeRawUnsafe(`/* long: partitions */ ALTER TABLE "${table}" ATTACH PARTITION "${name}" FOR VALUES FROM ('${from}') TO ('${until}')`);
      return true;
    });
  }

  private async drop(table: Table, name: string, now: Date): Promise<boolean> {
    return this.alone(async (tx) => {
      // a drop that lies ahead was noted by a clock that was wrong
      const lately = { gt: new Date(now.getTime() - HOUR_MS), lte: now };
      if ((await tx.audit.count({ where: { action: DROPPED, at: lately, subject: { startsWith: table } } })) > 0) return false;
      await tx.audit.create({ data: { id: uuidv7(), at: now, who: 'server', action: DROPPED, subject: name } });
      await tx.$executeRawUnsafe(`/* long: partitions */ ALTER TABLE "${table}" DETACH PARTITION "${name}"`);
      await tx.$executeRawUnsafe(`/* long: partitions */ DROP TABLE "${name}"`);
      return true;
    });
  }

  /** Does nothing where another server is at it, and gives up where a question holds the table for long: the next time will do. */
  private async alone(work: (tx: Prisma.TransactionClient) => Promise<boolean>): Promise<boolean> {
    return this.db.$transaction(async (tx) => {
      const lock = await tx.$queryRaw<{ mine: boolean }[]>`SELECT pg_try_advisory_xact_lock(${KEEPING}) AS mine`;
      if (lock[0]?.mine !== true) return false;
      await tx.$executeRaw`SET LOCAL lock_timeout = '500ms'`;
      return work(tx);
    });
  }
}
