import { Mistake } from '../errors.js';
import { Prisma } from '../store/database.js';
import { AGENT_PREFIX } from '../store/labels.store.js';
import { toHostId } from './ids.js';

export interface LabelFilter {
  readonly key: string;
  readonly in?: readonly string[] | null;
  readonly notIn?: readonly string[] | null;
  readonly exists?: boolean | null;
}

export interface HostFilter {
  readonly hostnames?: readonly string[] | null;
  readonly ids?: readonly string[] | null;
  readonly labels?: readonly LabelFilter[] | null;
  readonly authoritativeLabels?: boolean | null;
  readonly kernelReleases?: readonly string[] | null;
  readonly archs?: readonly string[] | null;
  readonly running?: string | null;
}

/**
 * Which hosts match?
 *
 * @returns a condition on `host h` and `label_set l`; what is left out matches all. Retired hosts never match
 */
export function toCondition(filter: HostFilter): Prisma.Sql {
  const all: Prisma.Sql[] = [Prisma.sql`h.retired_at IS NULL`];
  if (filter.hostnames != null) all.push(Prisma.sql`h.hostname = ANY(${[...filter.hostnames]}::text[])`);
  if (filter.ids != null) all.push(Prisma.sql`h.id = ANY(${filter.ids.map(toHostId)}::uuid[])`);
  if (filter.kernelReleases != null) all.push(inSituation(Prisma.sql`s.kernel_release = ANY(${[...filter.kernelReleases]}::text[])`));
  if (filter.archs != null) all.push(inSituation(Prisma.sql`s.arch = ANY(${[...filter.archs]}::text[])`));
  if (filter.running != null) all.push(inSituation(Prisma.sql`s.stack_id IN (SELECT stack_id FROM stack_patch WHERE build_id = ${filter.running})`));
  for (const label of filter.labels ?? []) all.push(toLabelCondition(label, filter.authoritativeLabels ?? false));
  return Prisma.join(all, ' AND ');
}

const inSituation = (condition: Prisma.Sql): Prisma.Sql => Prisma.sql`h.situation_id IN (SELECT s.id FROM situation s WHERE ${condition})`;

function toLabelCondition(label: LabelFilter, authoritative: boolean): Prisma.Sql {
  const demands = [label.in, label.notIn, label.exists].filter((demand) => demand != null);
  if (demands.length !== 1) throw new Mistake('BAD_USER_INPUT', `the demand on label ${JSON.stringify(label.key)} must be exactly one of in, notIn and exists`);
  const own = authoritative && label.key.startsWith(AGENT_PREFIX) ? Prisma.sql`NULL::text` : Prisma.sql`l.labels ->> ${label.key}`;
  // A host's own word counts only where no admin has spoken.
  const value = authoritative ? own : Prisma.sql`coalesce(l.labels ->> ${label.key}, l.labels ->> ${AGENT_PREFIX + label.key})`;
  if (label.in != null) return Prisma.sql`${value} = ANY(${[...label.in]}::text[])`;
  if (label.notIn != null) return Prisma.sql`(${value} IS NULL OR NOT (${value} = ANY(${[...label.notIn]}::text[])))`;
  return label.exists === true ? Prisma.sql`${value} IS NOT NULL` : Prisma.sql`${value} IS NULL`;
}
