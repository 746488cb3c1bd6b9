import { RequestError } from '../errors.js';
import type { Condition } from '../store/condition.js';
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

/** Which hosts match? What is left out matches all. */
export function toCondition(filter: HostFilter): Condition {
  const hosts: Prisma.Sql[] = [];
  if (filter.hostnames != null) hosts.push(Prisma.sql`h.hostname = ANY(${[...filter.hostnames]}::text[])`);
  if (filter.ids != null) hosts.push(byIds(filter.ids.map(toHostId)));
  const situations: Prisma.Sql[] = [];
  if (filter.kernelReleases != null) situations.push(Prisma.sql`s.kernel_release = ANY(${[...filter.kernelReleases]}::text[])`);
  if (filter.archs != null) situations.push(Prisma.sql`s.arch = ANY(${[...filter.archs]}::text[])`);
  if (filter.running != null) situations.push(Prisma.sql`s.stack_id IN (SELECT stack_id FROM stack_patch WHERE build_id = ${filter.running})`);
  const labels = (filter.labels ?? []).map((label) => toLabelCondition(label, filter.authoritativeLabels ?? false));
  return { hosts: all(hosts), situations: all(situations), labels: all(labels) };
}

const all = (parts: Prisma.Sql[]): Prisma.Sql | null => (parts.length === 0 ? null : Prisma.join(parts, ' AND '));

/** The bucket comes first in the key of hosts. */
const byIds = (ids: readonly string[]): Prisma.Sql =>
  Prisma.sql`(h.bucket, h.id) IN (SELECT ('x' || right(k.id, 2))::bit(8)::int::smallint, k.id::uuid FROM unnest(${[...ids]}::text[]) AS k(id))`;

function toLabelCondition(label: LabelFilter, authoritative: boolean): Prisma.Sql {
  const demands = [label.in, label.notIn, label.exists].filter((demand) => demand != null);
  if (demands.length !== 1)
    throw new RequestError('BAD_USER_INPUT', `the demand on label ${JSON.stringify(label.key)} must be exactly one of in, notIn and exists`);
  const own = authoritative && label.key.startsWith(AGENT_PREFIX) ? Prisma.sql`NULL::text` : Prisma.sql`l.labels ->> ${label.key}`;
  // A host's own word counts only where no admin has spoken.
  const value = authoritative ? own : Prisma.sql`coalesce(l.labels ->> ${label.key}, l.labels ->> ${AGENT_PREFIX + label.key})`;
  if (label.in != null) return Prisma.sql`${value} = ANY(${[...label.in]}::text[])`;
  if (label.notIn != null) return Prisma.sql`(${value} IS NULL OR NOT (${value} = ANY(${[...label.notIn]}::text[])))`;
  return label.exists === true ? Prisma.sql`${value} IS NOT NULL` : Prisma.sql`${value} IS NULL`;
}
