import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../../database/read-database.js';
import { long, named, sql } from '../../database/sql.js';
import { openedAfter, openIsValidAt, present } from '../history/as-of.js';
import { type Condition, matching } from '../hosts/condition.js';

/** Which hosts changed, and the snapshot from which on to look next. */
export interface ChangedHosts {
  readonly ids: readonly string[];
  readonly snapshot: string;
}

/** On a standby no transaction in progress is known, so that only what ended before the oldest one counts. */
const SNAPSHOT = sql`
  CASE WHEN pg_is_in_recovery()
       THEN format('%1$s:%1$s:', pg_snapshot_xmin(pg_current_snapshot()))
       ELSE pg_current_snapshot()::text END`;

/** Finds hosts whose facts or labels changed, by the transactions of their open intervals. */
@Injectable()
export class ChangedHostsStore {
  /** The database that the questions about these hosts read: another one may not have seen the change. */
  constructor(private readonly read: ReadDatabase) {}

  /**
   * The hosts that match and changed, the earliest change first.
   *
   * @param snapshot what was seen before; null: everything, and no host changed since
   * @param limit the maximum number of hosts
   */
  async since(snapshot: string | null, condition: Condition, limit: number): Promise<ChangedHosts> {
    const next = await this.snapshot();
    if (snapshot === null) return { ids: [], snapshot: next };
    const now = new Date(0);
    const seen = { now, snapshot, past: true };
    const rows = await this.read.$queryRaw<{ id: string }[]>(
      long(
        named(
          'hosts.changed',
          sql`
            SELECT id::text AS id
              FROM (SELECT h.bucket, h.id, h.hostname, h.situation_id, h.label_set_id, h.opened_by,
                           h.retired_at IS NOT NULL AS retired
                      FROM host h
                     WHERE ${openedAfter(seen)} AND ${openIsValidAt({ ...seen, snapshot: next })}) h
             WHERE ${matching(condition, present(now))}
             ORDER BY opened_by
             LIMIT ${limit}`,
        ),
      ),
    );
    return { ids: rows.map(({ id }) => id), snapshot: next };
  }

  private async snapshot(): Promise<string> {
    const [row] = await this.read.$queryRaw<{ snapshot: string }[]>(sql`SELECT ${SNAPSHOT} AS snapshot`);
    return row!.snapshot;
  }
}
