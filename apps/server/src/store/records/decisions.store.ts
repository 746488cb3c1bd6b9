import { Injectable } from '@nestjs/common';
import { canonicalJson } from '@klpreg/wire';
import { Database } from '../../database/database.js';
import type { Prisma } from '../../database/generated/client.js';
import type { Scope } from '../access/tokens.store.js';
import type { Transaction } from '../catalog/revisions.js';

export type DecisionRow = Prisma.DecisionGetPayload<object>;

/** Which decisions to list. Fields that are null or left out select all. */
export interface DecisionCondition {
  readonly changeId?: string | null;
  readonly who?: string | null;
  readonly from?: Date | null;
  readonly until?: Date | null;
  readonly overridden?: boolean | null;
  readonly decision?: DecisionRow['decision'] | null;
}

/** The position of a decision in the list. */
type Place = Pick<DecisionRow, 'at' | 'id'>;

/** A scope as it is stored with a decision. */
export const scopeText = (scope: Scope | null): string | null =>
  scope === null ? null : canonicalJson(scope);

/** The stored scopes whose decisions are visible. Null: all decisions are. */
export type VisibleScopes = readonly string[] | null;

/** What gates decided. */
@Injectable()
export class DecisionsStore {
  constructor(private readonly db: Database) {}

  async add(tx: Transaction, row: DecisionRow): Promise<void> {
    await tx.decision.create({ data: row });
  }

  /** Returns the scopes with which decisions were recorded. There are few. */
  async scopes(): Promise<string[]> {
    const rows = await this.db.decision.groupBy({ by: ['scope'] });
    return rows.flatMap(({ scope }) => scope ?? []);
  }

  async find(id: string, visible: VisibleScopes): Promise<DecisionRow | null> {
    return this.db.decision.findFirst({ where: { id, ...within(visible) } });
  }

  /** Returns decisions, the newest first unless `backwards`. */
  async list(
    condition: DecisionCondition,
    visible: VisibleScopes,
    { size, after, backwards }: { size: number; after: Place | null; backwards: boolean },
  ): Promise<DecisionRow[]> {
    const beyond = backwards ? 'gt' : 'lt';
    const order = backwards ? 'asc' : 'desc';
    const place =
      after === null
        ? {}
        : { OR: [{ at: { [beyond]: after.at } }, { at: after.at, id: { [beyond]: after.id } }] };
    return this.db.decision.findMany({
      where: { AND: [given(condition), within(visible), place] },
      orderBy: [{ at: order }, { id: order }],
      take: size,
    });
  }

  async count(condition: DecisionCondition, visible: VisibleScopes): Promise<number> {
    return this.db.decision.count({ where: { AND: [given(condition), within(visible)] } });
  }
}

const within = (visible: VisibleScopes) => (visible === null ? {} : { scope: { in: [...visible] } });

const given = ({ changeId, who, from, until, overridden, decision }: DecisionCondition) => ({
  ...(changeId == null ? {} : { changeId }),
  ...(who == null ? {} : { who }),
  ...(overridden == null ? {} : { overridden }),
  ...(decision == null ? {} : { decision }),
  at: { ...(from == null ? {} : { gte: from }), ...(until == null ? {} : { lt: until }) },
});
