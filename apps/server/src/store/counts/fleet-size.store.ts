import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';

/** How large the fleet is: what questions cost follows from the cohorts, not from the hosts. */
export interface FleetSize {
  readonly cohorts: number;
  readonly hosts: number;
}

/** For whoever watches the server. */
@Injectable()
export class FleetSizeStore {
  private asked: Promise<FleetSize> | null = null;

  constructor(private readonly db: Database) {}

  /** How many cohorts have how many hosts, as of the last fold? Those who ask at once get one answer. */
  async now(): Promise<FleetSize> {
    this.asked ??= this.read().finally(() => (this.asked = null));
    return this.asked;
  }

  private async read(): Promise<FleetSize> {
    const [size] = await this.db.$queryRaw<{ cohorts: bigint; hosts: bigint }[]>`
      /* fleet.size */
      SELECT count(*) FILTER (WHERE hosts <> 0) AS cohorts, coalesce(sum(hosts), 0)::bigint AS hosts FROM cohort`;
    return { cohorts: Number(size!.cohorts), hosts: Number(size!.hosts) };
  }
}
