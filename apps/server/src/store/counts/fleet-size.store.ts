import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Database } from '../../database/database.js';
import { long, named, sql } from '../../database/sql.js';
import { NO_SITUATION } from './cohorts.store.js';

/** The size of the fleet: the cost of a question depends on the cohorts. */
export interface FleetSize {
  readonly cohorts: number;
  readonly situations: number;
  readonly hosts: number;
}

/** How long `recent` may be old. */
const RECENT_MS = 10_000;

/** The size of the fleet, for metrics and people. */
@Injectable()
export class FleetSizeStore {
  private asked: Promise<FleetSize> | null = null;
  private readonly last = new LRUCache<'size', FleetSize>({ max: 1, ttl: RECENT_MS });

  constructor(private readonly db: Database) {}

  /**
   * The cohorts that have hosts, and all hosts in them, as of the last roll-up. Concurrent callers share one
   * answer.
   */
  async now(): Promise<FleetSize> {
    this.asked ??= this.read().finally(() => (this.asked = null));
    return this.asked;
  }

  /** As `now`, at most ten seconds old: however many people ask, the cohorts are counted seldom. */
  async recent(): Promise<FleetSize> {
    return this.last.get('size') ?? this.now();
  }

  private async read(): Promise<FleetSize> {
    const [size] = await this.db.$queryRaw<Record<keyof FleetSize, bigint>[]>(
      long(
        named(
          'fleet.size',
          sql`
            SELECT count(*) FILTER (WHERE hosts <> 0) AS cohorts,
                   count(DISTINCT situation_id)
                     FILTER (WHERE hosts <> 0 AND situation_id <> ${NO_SITUATION}::uuid) AS situations,
                   coalesce(sum(hosts), 0)::bigint AS hosts
              FROM cohort`,
        ),
      ),
    );
    const { cohorts, situations, hosts } = size!;
    const found = { cohorts: Number(cohorts), situations: Number(situations), hosts: Number(hosts) };
    this.last.set('size', found);
    return found;
  }
}
