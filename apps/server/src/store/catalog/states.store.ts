import { Injectable } from '@nestjs/common';
import type { Prisma } from '../../database/generated/client.js';
import { ReadDatabase } from '../../database/read-database.js';
import { long, named, sql } from '../../database/sql.js';
import type { Scope } from '../access/tokens.store.js';
import { CURRENT_COUNTS } from '../counts/cohorts.store.js';
import { inCohort, inScope } from '../hosts/condition.js';

/** A state id at one version. */
export interface StateRow {
  readonly id: Prisma.Decimal;
  readonly version: bigint;
  /** The number of published patches that declare it. */
  readonly patches: bigint;
  readonly owners: readonly string[];
  /** The number of hosts with one of these patches on their list. */
  readonly hosts: bigint;
}

/**
 * The states that published patches declare, and how many hosts have them. Hosts are counted by cohort, so
 * that the cost depends on the catalog and the cohorts, not on the size of the fleet.
 */
@Injectable()
export class StatesStore {
  constructor(private readonly read: ReadDatabase) {}

  /**
   * The versions of the next ids, in numerical order. A host counts once for a version, even if several
   * patches on its list declare it. Retired hosts, and those out of the scope, do not count.
   *
   * @param limit of the number of ids
   */
  async page(
    after: bigint | null,
    limit: number,
    backwards: boolean,
    scope: Scope | null,
  ): Promise<StateRow[]> {
    const operator = backwards ? sql`<` : sql`>`;
    const isBeyond = after === null ? sql`true` : sql`id ${operator} ${after.toString()}::numeric`;
    const order = backwards ? sql`DESC` : sql`ASC`;
    return this.read.$queryRaw(
      long(
        named(
          'states.page',
          sql`
            WITH page AS (
                   SELECT DISTINCT id
                     FROM patch_state
                    WHERE ${isBeyond}
                    ORDER BY id ${order}
                    LIMIT ${limit}),
                 declared AS (
                   SELECT DISTINCT s.id, s.version, s.build_id
                     FROM patch_state s
                     JOIN page USING (id)),
                 stacks AS (
                   SELECT DISTINCT d.id, d.version, sp.stack_id
                     FROM declared d
                     JOIN stack_patch sp ON sp.build_id = d.build_id),
                 counted AS (
                   SELECT t.stack_id, sum(c.hosts) AS n
                     FROM (${CURRENT_COUNTS}) c
                     JOIN situation t ON t.id = c.situation_id
                    WHERE t.stack_id IN (SELECT stack_id FROM stacks)
                      AND ${inCohort(inScope(scope), 'c')}
                    GROUP BY 1),
                 hosts AS (
                   SELECT id, version, sum(n)::bigint AS n
                     FROM stacks
                     JOIN counted USING (stack_id)
                    GROUP BY 1, 2)
            SELECT d.id,
                   d.version,
                   count(DISTINCT d.build_id) AS patches,
                   array_agg(DISTINCT p.owner) AS owners,
                   coalesce(max(hosts.n), 0) AS hosts
              FROM declared d
              JOIN patch p ON p.build_id = d.build_id
              LEFT JOIN hosts ON hosts.id = d.id AND hosts.version = d.version
             GROUP BY d.id, d.version
             ORDER BY d.id, d.version`,
        ),
      ),
    );
  }

  /** The number of ids. */
  async count(): Promise<number> {
    const rows = await this.read.$queryRaw<{ n: bigint }[]>`SELECT count(DISTINCT id) AS n FROM patch_state`;
    return Number(rows[0]?.n ?? 0n);
  }
}
