import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { IS_CURRENT } from '../../database/epoch.js';
import type { FleetCounts, WrittenCounts } from '../counts/fleet-counts.js';
import type { AsOf, SnapshotOrigin } from './as-of.js';
import { ReadDatabase, replicaOf } from '../../database/read-database.js';
import { DatabaseUnavailable } from '../../database/unavailable.js';
import { raw } from '../../database/sql.js';

interface Row {
  readonly name: string;
  readonly beforeEnded: string | null;
  readonly current: boolean;
}

/** The epochs of the database. */
@Injectable()
export class EpochsStore {
  constructor(
    private readonly db: Database,
    private readonly read: ReadDatabase,
  ) {}

  /**
   * The current epoch, if the database still has everything that a snapshot of this origin has seen, under
   * the same transaction ids; else null.
   */
  async epochFor({ epoch, position }: SnapshotOrigin): Promise<string | null> {
    const replica = replicaOf(this.read, this.db);
    // a replica may be behind: then the primary is asked
    const rows = replica === null ? [] : await this.since(replica, epoch).catch(() => []);
    if (rows.length > 0 && rows.at(-1)!.name === this.db.epochName)
      return isKept(rows, position) ? rows.at(-1)!.name : null;
    const own = await this.since(this.db, epoch);
    if (own.length === 0 || !isKept(own, position)) return null;
    if (own.at(-1)!.current) return own.at(-1)!.name;
    await this.db.check();
    const again = await this.since(this.db, epoch);
    return isKept(again, position) ? (again.at(-1)?.name ?? null) : null;
  }

  /** This epoch and all later ones, in order; none if the database does not know it. */
  private async since(database: Database, epoch: string): Promise<Row[]> {
    return database.$queryRaw<Row[]>`
      SELECT name::text AS name,
             before_ended::text AS "beforeEnded",
             ${raw(IS_CURRENT)} AS current
        FROM epoch
       WHERE number >= (SELECT number FROM epoch WHERE name = ${epoch}::uuid)
       ORDER BY number`;
  }
}

/** @param rows the epoch of the snapshot and all later ones, in order */
function isKept([, ...later]: readonly Row[], position: bigint): boolean {
  const [next] = later;
  if (later.some(({ beforeEnded }) => beforeEnded === null)) return false;
  return next === undefined || position <= BigInt(next.beforeEnded!);
}

const REPLACED = 'the database was replaced while it was asked; ask again';

/**
 * Counts until the answer belongs to an epoch. If the epoch of a primary has not begun, as behind a pooler
 * that hides new connections, it begins here.
 *
 * @throws DatabaseUnavailable if the database is replaced repeatedly
 */
export async function inEpoch<Counts extends WrittenCounts>(
  db: Database,
  count: () => Promise<Counts | null>,
): Promise<(Omit<Counts, 'origin'> & Pick<FleetCounts, 'origin'>) | null> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const counts = await count();
    if (counts === null) return null;
    const { epoch, position } = counts.origin;
    if (epoch !== null) return { ...counts, origin: { epoch, position: BigInt(position) } };
    await db.check();
  }
  throw new DatabaseUnavailable(REPLACED);
}

/** Refuses rows of the past that were read in another epoch: its transaction ids may mean others by then. */
export function sameEpoch(asOf: AsOf, epoch: string | null): void {
  if (asOf.epoch !== undefined && epoch !== null && asOf.epoch !== epoch)
    throw new DatabaseUnavailable(REPLACED);
}
