import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { named, sql } from '../../database/sql.js';
import type { Scope } from '../access/tokens.store.js';
import { hostTest, inCohort, inScope } from './condition.js';

/** Which hosts a scope has. */
@Injectable()
export class ScopeMembersStore {
  constructor(private readonly db: Database) {}

  /** Returns those of these hosts that are in the scope, with retired ones. */
  async of(ids: readonly string[], scope: Scope): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const rows = await this.db.$queryRaw<{ id: string }[]>(
      named(
        'hosts.scope',
        sql`
          SELECT h.id
            FROM host h
           WHERE ${hostTest({ hostnames: null, ids })}
             AND ${inCohort(inScope(scope), 'h')}`,
      ),
    );
    return new Set(rows.map(({ id }) => id));
  }
}
