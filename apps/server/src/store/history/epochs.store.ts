import { Injectable } from '@nestjs/common';
import { Database, Prisma } from '../../database/database.js';
import { IS_CURRENT } from '../../database/epoch.js';
import type { LogPosition } from '../../database/log-position.js';
import type { FleetCounts } from '../counts/fleet-counts.js';
import type { AsOf, SnapshotOrigin } from './as-of.js';
import { ReadDatabase, replicaOf } from '../../database/read-database.js';
import { DatabaseUnavailable } from '../../database/unavailable.js';

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
   * Does the database still have everything that a snapshot of this place has seen, and under the same numbers?
   *
   * @returns the epoch that the database is in; null: it does not
   */
  async epochFor({ epoch, position }: SnapshotOrigin): Promise<string | null> {
    const replica = replicaOf(this.read, this.db);
    // a replica may be behind, or left behind; then the primary is asked
    const rows = replica === null ? [] : await this.since(replica, epoch).catch(() => []);
    if (rows.length > 0 && rows.at(-1)!.name === this.db.epochName) return isKept(rows, position) ? rows.at(-1)!.name : null;
    const own = await this.since(this.db, epoch);
    if (own.length === 0 || !isKept(own, position)) return null;
    if (own.at(-1)!.current) return own.at(-1)!.name;
    await this.db.check();
    const again = await this.since(this.db, epoch);
    return isKept(again, position) ? (again.at(-1)?.name ?? null) : null;
  }

  /** This epoch and all later ones, in their order; none: the database does not know it. */
  private async since(place: Database, epoch: string): Promise<Row[]> {
    return place.$queryRaw<Row[]>`
      SELECT name::text AS name, before_ended::text AS "beforeEnded", ${Prisma.raw(IS_CURRENT)} AS current
        FROM epoch WHERE number >= (SELECT number FROM epoch WHERE name = ${epoch}::uuid) ORDER BY number`;
  }
}

/** @param rows the epoch of the snapshot and all later ones, in their order */
function isKept([, ...later]: readonly Row[], position: bigint): boolean {
  const [next] = later;
  if (later.some(({ beforeEnded }) => beforeEnded === null)) return false;
  return next === undefined || position <= BigInt(next.beforeEnded!);
}

/** An answer whose place is as its statement told it. */
export type Settling = Omit<FleetCounts, 'origin'> & { readonly origin: LogPosition };

const REPLACED = 'the database was replaced while it was asked; ask again';

/**
 * Does this until it is of an epoch. On a primary whose epoch has not begun, as behind a pooler that hides new connections, it begins now.
 *
 * @throws DatabaseUnavailable where the database is replaced again and again
 */
export async function settled(db: Database, count: () => Promise<Settling | null>): Promise<FleetCounts | null> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const counts = await count();
    if (counts === null) return null;
    const { epoch, position } = counts.origin;
    if (epoch !== null) return { ...counts, origin: { epoch, position: BigInt(position) } };
    await db.check();
  }
  throw new DatabaseUnavailable(REPLACED);
}

/** Refuses what was read of a past moment in another epoch than the moment was looked up in: its transactions may be others by then. */
export function sameEpoch(moment: AsOf, epoch: string | null): void {
  if (moment.epoch !== undefined && epoch !== null && moment.epoch !== epoch) throw new DatabaseUnavailable(REPLACED);
}
