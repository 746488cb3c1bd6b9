import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { LOG_POSITION, type LogPosition } from '../../database/log-position.js';
import { ReadDatabase, replicaOf } from '../../database/read-database.js';
import { sql } from '../../database/sql.js';
import { isUnavailable } from '../../database/unavailable.js';
import type { AsOf } from './as-of.js';

/** A replica may be this far behind and still answer for an instant. */
const MARGIN_MS = 10_000;

interface Standby extends LogPosition {
  readonly standby: boolean;
  /** Every transaction before this one has ended, as far as the replica knows. */
  readonly ended: string;
  /** True: it has seen everything that the snapshot has seen; null: there is no snapshot. */
  readonly caughtUp: boolean | null;
  readonly replayedAt: Date | null;
}

interface Lag extends LogPosition {
  readonly seconds: number | null;
}

/** What a replica can answer: it may be behind, and it does not know which transactions are in progress. */
@Injectable()
export class Replica {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /** How far the replica is behind the primary, in seconds. Null: there is none, or it cannot be used. */
  async lagSeconds(): Promise<number | null> {
    const replica = replicaOf(this.read, this.db);
    if (replica === null) return null;
    const [primary] = await this.db.$queryRaw<LogPosition[]>`SELECT ${LOG_POSITION}`;
    const [lag] = await replica.$queryRaw<Lag[]>`
      SELECT extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS seconds,
             ${LOG_POSITION}`.catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
      return [];
    });
    if (lag === undefined || lag.epoch !== this.db.epochName) return null;
    // without this, the lag of an idle fleet would grow
    return BigInt(lag.position) >= BigInt(primary!.position) ? 0 : lag.seconds;
  }

  /**
   * Pins an instant to what the replica can answer, or to the primary.
   *
   * The present of a replica is everything before its oldest transaction in progress. `pg_current_snapshot()`
   * does not list transactions in progress on a standby, so a later snapshot could not be asked again.
   */
  async pin(asOf: AsOf): Promise<AsOf> {
    const replica = replicaOf(this.read, this.db);
    if (replica === null) return asOf;
    const { snapshot } = asOf;
    const caughtUp =
      snapshot === null
        ? sql`NULL::boolean`
        : sql`pg_snapshot_xmin(pg_current_snapshot()) >= pg_snapshot_xmax(${snapshot}::pg_snapshot)`;
    const rows = await replica.$queryRaw<Standby[]>`
      SELECT pg_is_in_recovery() AS standby,
             pg_snapshot_xmin(pg_current_snapshot())::text AS ended,
             ${caughtUp} AS "caughtUp",
             pg_last_xact_replay_timestamp() AS "replayedAt",
             ${LOG_POSITION}`.catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
      return [];
    });
    const [now] = rows;
    // down, behind an epoch of the primary, of another cluster, or promoted to a primary of its own
    if (now === undefined || now.epoch !== this.db.epochName) return { ...asOf, usesPrimary: true };
    const { standby, ended, caughtUp: hasSeen, replayedAt } = now;
    if (!standby) return asOf;
    if (!asOf.past)
      return { ...asOf, snapshot: `${ended}:${ended}:`, past: true, pinned: true, epoch: now.epoch! };
    const isKnown = hasSeen ?? (replayedAt !== null && replayedAt.getTime() - MARGIN_MS > asOf.now.getTime());
    return isKnown ? asOf : { ...asOf, usesPrimary: true };
  }
}
