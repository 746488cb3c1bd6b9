import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { long, named, sql } from '../../database/sql.js';

/** The size of the fleet: the cost of a question depends on the cohorts. */
export interface FleetSize {
  readonly cohorts: number;
  readonly hosts: number;
}

/** The size of the fleet, for metrics. */
@Injectable()
export class FleetSizeStore {
  private asked: Promise<FleetSize> | null = null;

  constructor(private readonly db: Database) {}

  /**
   * The cohorts that have hosts, and all hosts in them, as of the last roll-up. Concurrent callers share one
   * answer.
   */
  async now(): Promise<FleetSize> {
    this.asked ??= this.read().finally(() => (this.asked = null));
    return this.asked;
  }

  private async read(): Promise<FleetSize> {
    const [size] = await this.db.$queryRaw<{ cohorts: bigint; hosts: bigint }[]>(
      long(
        named(
          'fleet.size',
          sql`
            SELECT count(*) FILTER (WHERE hosts <> 0) AS cohorts,
                   coalesce(sum(hosts), 0)::bigint AS hosts
              FROM cohort`,
        ),
      ),
    );
    return { cohorts: Number(size!.cohorts), hosts: Number(size!.hosts) };
  }
}
