import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { long, named, sql } from '../../database/sql.js';
import { openedAfter } from '../history/as-of.js';

/** Which hosts changed, and the snapshot from which on to look next. */
export interface ChangedHosts {
  readonly ids: readonly string[];
  readonly snapshot: string;
}

/** Finds hosts whose facts or labels changed, by the transactions of their open intervals. */
@Injectable()
export class ChangedHostsStore {
  constructor(private readonly db: Database) {}

  /**
   * @param snapshot what was seen before; null: everything
   * @param limit the maximum number of hosts
   */
  async since(snapshot: string | null, limit: number): Promise<ChangedHosts> {
    const isLater = snapshot === null ? sql`false` : openedAfter({ now: new Date(0), snapshot, past: true });
    const [row] = await this.db.$queryRaw<ChangedHosts[]>(
      long(
        named(
          'hosts.changed',
          sql`
            SELECT pg_current_snapshot()::text AS snapshot,
                   ARRAY(SELECT h.id::text FROM host h WHERE ${isLater} LIMIT ${limit}) AS ids`,
        ),
      ),
    );
    return row!;
  }
}
