import { Injectable } from '@nestjs/common';
import { Database, Prisma } from '../../database/database.js';
import { LOG_POSITION, type LogPosition } from '../../database/log-position.js';
import { ReadDatabase, replicaOf } from '../../database/read-database.js';
import { isUnavailable } from '../../database/unavailable.js';
import type { AsOf } from './as-of.js';

/** A replica may be this far behind and still be asked about an instant. */
const MARGIN_MS = 10_000;

interface Standby extends LogPosition {
  readonly standby: boolean;
  /** Every transaction before this one has ended, as far as the replica knows. */
  readonly ended: string;
  /** Has it seen everything that the snapshot has? Null: there is none. */
  readonly caughtUp: boolean | null;
  readonly replayedAt: Date | null;
}

/** What a replica can answer: it may be behind, and it does not know which transactions are under way. */
@Injectable()
export class Replica {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /**
   * The moment as it can be asked for: of the replica where it has seen all of it, else of the database itself.
   *
   * The present of a replica is everything that has ended before the first transaction that is still under way there: `pg_current_snapshot()` does not list those on a standby, and
   * an answer could not be given again.
   */
  async pin(moment: AsOf): Promise<AsOf> {
    const replica = replicaOf(this.read, this.db);
    if (replica === null) return moment;
    const { snapshot } = moment;
    const caughtUp =
      snapshot === null ? Prisma.sql`NULL::boolean` : Prisma.sql`pg_snapshot_xmin(pg_current_snapshot()) >= pg_snapshot_xmax(${snapshot}::pg_snapshot)`;
    const rows = await replica.$queryRaw<Standby[]>`
      SELECT pg_is_in_recovery() AS standby, pg_snapshot_xmin(pg_current_snapshot())::text AS ended, ${caughtUp} AS "caughtUp", pg_last_xact_replay_timestamp() AS "replayedAt",
             ${LOG_POSITION}`.catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
      return [];
    });
    const [now] = rows;
    // dead, behind an epoch of the primary, of another cluster, or promoted to a primary of its own
    if (now === undefined || now.epoch !== this.db.epochName) return { ...moment, usesPrimary: true };
    const { standby, ended, caughtUp: seen, replayedAt } = now;
    if (!standby) return moment;
    if (!moment.past) return { ...moment, snapshot: `${ended}:${ended}:`, past: true, pinned: true, epoch: now.epoch! };
    const known = seen ?? (replayedAt !== null && replayedAt.getTime() - MARGIN_MS > moment.now.getTime());
    return known ? moment : { ...moment, usesPrimary: true };
  }
}
