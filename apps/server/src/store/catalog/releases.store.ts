import { Injectable } from '@nestjs/common';
import { ReadDatabase } from '../../database/read-database.js';
import { long, named, raw, sql } from '../../database/sql.js';
import type { Scope } from '../access/tokens.store.js';
import { CURRENT_COUNTS } from '../counts/cohorts.store.js';
import { inCohort, inScope } from '../hosts/condition.js';

/** A release, and how many hosts have one of its builds on their list. */
export interface ReleaseRow {
  readonly name: string;
  readonly owners: readonly string[];
  readonly builds: number;
  readonly recalled: number;
  /** Of its newest build. */
  readonly publishedAt: Date;
  readonly hosts: number;
}

/** Which releases a page has. */
export type ReleasePage =
  | { readonly name: string }
  | { readonly after: string | null; readonly backwards: boolean; readonly limit: number };

/** The releases of published patches. Hosts are counted by cohort, as those of states are. */
@Injectable()
export class ReleasesStore {
  constructor(private readonly read: ReadDatabase) {}

  /**
   * A page of the releases by name, or the one with a name. Retired hosts and those out of the scope do not
   * count.
   */
  async page(page: ReleasePage, scope: Scope | null): Promise<ReleaseRow[]> {
    const backwards = 'backwards' in page && page.backwards;
    const direction = raw(backwards ? 'DESC' : 'ASC');
    const isOnPage =
      'name' in page
        ? sql`release = ${page.name}`
        : page.after === null
          ? sql`true`
          : sql`release ${raw(backwards ? '<' : '>')} ${page.after}`;
    return this.read.$queryRaw(
      long(
        named(
          'releases.page',
          sql`
            WITH page AS (
                   SELECT release
                     FROM patch
                    WHERE ${isOnPage}
                    GROUP BY release
                    ORDER BY release ${direction}
                    LIMIT ${'name' in page ? 1 : page.limit}),
                 builds AS (
                   SELECT p.release, p.build_id, p.owner, p.recalled_at, p.published_at
                     FROM patch p
                     JOIN page USING (release)),
                 stacks AS (
                   SELECT DISTINCT b.release, m.stack_id
                     FROM builds b
                     JOIN stack_patch m ON m.build_id = b.build_id),
                 counted AS (
                   SELECT s.stack_id, sum(c.hosts) AS n
                     FROM (${CURRENT_COUNTS}) c
                     JOIN situation s ON s.id = c.situation_id
                    WHERE s.stack_id IN (SELECT stack_id FROM stacks)
                      AND ${inCohort(inScope(scope), 'c')}
                    GROUP BY 1),
                 running AS (
                   SELECT release, sum(n)::integer AS n
                     FROM stacks
                     JOIN counted USING (stack_id)
                    GROUP BY 1)
            SELECT b.release AS name,
                   array_agg(DISTINCT b.owner) AS owners,
                   count(DISTINCT b.build_id)::integer AS builds,
                   count(DISTINCT b.build_id) FILTER (WHERE b.recalled_at IS NOT NULL)::integer AS recalled,
                   max(b.published_at) AS "publishedAt",
                   coalesce(max(r.n), 0) AS hosts
              FROM builds b
              LEFT JOIN running r USING (release)
             GROUP BY b.release
             ORDER BY b.release ${direction}`,
        ),
      ),
    );
  }

  /** The number of releases. */
  async count(): Promise<number> {
    const rows = await this.read.$queryRaw<
      { n: number }[]
    >`SELECT count(DISTINCT release)::integer AS n FROM patch`;
    return rows[0]!.n;
  }
}
