import { Prisma } from './database.js';

/** Which hosts match: all parts that are there. Retired hosts never match. */
export interface Condition {
  /** On `h.hostname` and `h.id` of `host h`: then hosts are looked at one by one, through an index. */
  readonly hosts: Prisma.Sql | null;
  /** On `situation s`; hosts that never reported do not match. */
  readonly situations: Prisma.Sql | null;
  /** On `label_set l`. */
  readonly labels: Prisma.Sql | null;
}

/** The parts about situation and labels, on columns `situation_id` and `label_set_id` of this table. */
export function inCohort({ situations, labels }: Condition, table: 'h' | 'p' | 'c'): Prisma.Sql {
  const of = (column: string) => Prisma.raw(`${table}.${column}`);
  const parts = [
    ...(situations === null ? [] : [Prisma.sql`${of('situation_id')} IN (SELECT s.id FROM situation s WHERE ${situations})`]),
    ...(labels === null ? [] : [Prisma.sql`${of('label_set_id')} IN (SELECT l.id FROM label_set l WHERE ${labels})`]),
  ];
  return parts.length === 0 ? Prisma.sql`true` : Prisma.join(parts, ' AND ');
}

/** All parts, on rows of `hostsAt`. */
export const matching = (condition: Condition): Prisma.Sql =>
  Prisma.sql`NOT h.retired AND ${condition.hosts ?? Prisma.sql`true`} AND ${inCohort(condition, 'h')}`;
