import { Injectable } from '@nestjs/common';
import { column } from '../../database/columns.js';
import { type Connection, Database } from '../../database/database.js';
import { bucketOf } from './bucket.js';

/** The sequences that documents of one boot have used. */
export interface BootRange {
  readonly bootId: string;
  readonly first: bigint;
  readonly last: bigint;
}

/** A range that is to be kept. */
export interface KeptRange extends BootRange {
  readonly hostId: string;
}

/** Boots that are kept of each host: the newest. */
export const BOOTS_KEPT = 32;

interface Row {
  readonly hostId: string;
  readonly bootId: string;
  readonly first: bigint;
  readonly last: bigint;
}

/** Which sequences the last boots of each host have used. */
@Injectable()
export class BootsStore {
  constructor(private readonly db: Database) {}

  /** The ranges of these hosts' boots; a host that has none is not there. */
  async of(hostIds: readonly string[]): Promise<Map<string, BootRange[]>> {
    const found = new Map<string, BootRange[]>();
    if (hostIds.length === 0) return found;
    const rows = await this.db.$queryRaw<Row[]>`
      /* boots.of */
      SELECT b.host_id AS "hostId", b.boot_id AS "bootId", b.first_sequence AS first, b.last_sequence AS last
        FROM unnest(${column(hostIds, 'smallint', bucketOf)}, ${column(hostIds, 'uuid', (id) => id)}) AS k(bucket, id)
        JOIN host_boot b ON b.bucket = k.bucket AND b.host_id = k.id`;
    for (const { hostId, ...range } of rows) found.set(hostId, [...(found.get(hostId) ?? []), range]);
    return found;
  }

  /** Keeps ranges, and of each host only those of the newest boots. */
  async keep(tx: Connection, ranges: readonly KeptRange[]): Promise<void> {
    await tx.$executeRaw`
      /* boots.keep */
      INSERT INTO host_boot AS b (bucket, host_id, boot_id, first_sequence, last_sequence)
      SELECT * FROM unnest(${column(ranges, 'smallint', ({ hostId }) => bucketOf(hostId))}, ${column(ranges, 'uuid', ({ hostId }) => hostId)},
                           ${column(ranges, 'uuid', ({ bootId }) => bootId)}, ${column(ranges, 'bigint', ({ first }) => first)},
                           ${column(ranges, 'bigint', ({ last }) => last)})
      ON CONFLICT (bucket, host_id, boot_id) DO UPDATE
         SET first_sequence = least(b.first_sequence, excluded.first_sequence), last_sequence = greatest(b.last_sequence, excluded.last_sequence)`;
    await tx.$executeRaw`
      /* boots.trim */
      DELETE FROM host_boot b
       USING unnest(${column(ranges, 'smallint', ({ hostId }) => bucketOf(hostId))}, ${column(ranges, 'uuid', ({ hostId }) => hostId)}) AS k(bucket, id)
       WHERE b.bucket = k.bucket AND b.host_id = k.id
         AND b.boot_id IN (SELECT o.boot_id FROM host_boot o WHERE o.bucket = k.bucket AND o.host_id = k.id ORDER BY o.last_sequence DESC OFFSET ${BOOTS_KEPT})`;
  }

  /** Keeps a range, in a transaction of its own. */
  async keepOne(range: KeptRange): Promise<void> {
    await this.db.$transaction(async (tx) => this.keep(tx, [range]));
  }

  /** Forgets the boots of a host, or all but the present one, which then owns one sequence. */
  async forget(tx: Connection, hostId: string, present: BootRange | null): Promise<void> {
    await tx.$executeRaw`DELETE FROM host_boot WHERE bucket = ${bucketOf(hostId)}::smallint AND host_id = ${hostId}::uuid`;
    if (present !== null) await this.keep(tx, [{ hostId, ...present }]);
  }
}
