import { Injectable } from '@nestjs/common';
import { unnest } from '../../database/columns.js';
import { type Connection, Database } from '../../database/database.js';
import { named, sql } from '../../database/sql.js';
import { bucketOf } from './bucket.js';

/** The sequences that messages of one boot have used. */
export interface BootRange {
  readonly bootId: string;
  readonly first: bigint;
  readonly last: bigint;
}

interface BootOfHost extends BootRange {
  readonly hostId: string;
}

/** For each host, the newest boots are kept, at most this number. */
export const BOOTS_KEPT = 32;

/** The sequences that the last boots of each host have used. */
@Injectable()
export class BootsStore {
  constructor(private readonly db: Database) {}

  /** The boots of these hosts; a host without boots has no entry. */
  async of(hostIds: readonly string[]): Promise<Map<string, BootRange[]>> {
    const found = new Map<string, BootRange[]>();
    if (hostIds.length === 0) return found;
    const rows = await this.db.$queryRaw<BootOfHost[]>(
      named(
        'boots.of',
        sql`
          SELECT b.host_id AS "hostId",
                 b.boot_id AS "bootId",
                 b.first_sequence AS first,
                 b.last_sequence AS last
            FROM ${unnest('k', hostIds, { bucket: ['smallint', bucketOf], id: ['uuid', (id) => id] })}
            JOIN host_boot b ON b.bucket = k.bucket AND b.host_id = k.id`,
      ),
    );
    for (const { hostId, ...range } of rows) found.set(hostId, [...(found.get(hostId) ?? []), range]);
    return found;
  }

  /** Stores boots, and deletes those of the same hosts that are no longer among the newest. */
  async keep(tx: Connection, boots: readonly BootOfHost[]): Promise<void> {
    const rows = unnest('r', boots, {
      bucket: ['smallint', (boot) => bucketOf(boot.hostId)],
      host_id: ['uuid', (boot) => boot.hostId],
      boot_id: ['uuid', (boot) => boot.bootId],
      first: ['bigint', (boot) => boot.first],
      last: ['bigint', (boot) => boot.last],
    });
    await tx.$executeRaw(
      named(
        'boots.keep',
        sql`
          INSERT INTO host_boot AS b (bucket, host_id, boot_id, first_sequence, last_sequence)
          SELECT * FROM ${rows}
          ON CONFLICT (bucket, host_id, boot_id) DO UPDATE
             SET first_sequence = least(b.first_sequence, excluded.first_sequence),
                 last_sequence = greatest(b.last_sequence, excluded.last_sequence)`,
      ),
    );
    const hosts = unnest('k', boots, {
      bucket: ['smallint', (boot) => bucketOf(boot.hostId)],
      id: ['uuid', (boot) => boot.hostId],
    });
    await tx.$executeRaw(
      named(
        'boots.trim',
        sql`
          DELETE FROM host_boot b
           USING ${hosts}
           WHERE b.bucket = k.bucket
             AND b.host_id = k.id
             AND b.boot_id IN (
                   SELECT o.boot_id
                     FROM host_boot o
                    WHERE o.bucket = k.bucket AND o.host_id = k.id
                    ORDER BY o.last_sequence DESC
                   OFFSET ${BOOTS_KEPT})`,
      ),
    );
  }

  /** As `keep`, in a transaction of its own. */
  async keepOne(boot: BootOfHost): Promise<void> {
    await this.db.$transaction(async (tx) => this.keep(tx, [boot]));
  }

  /** Deletes the boots of a host; the current one, if there is one, then owns its last sequence only. */
  async forget(tx: Connection, hostId: string, current: BootRange | null): Promise<void> {
    await tx.$executeRaw`
      DELETE FROM host_boot
       WHERE bucket = ${bucketOf(hostId)}::smallint AND host_id = ${hostId}::uuid`;
    if (current !== null) await this.keep(tx, [{ hostId, ...current }]);
  }
}
