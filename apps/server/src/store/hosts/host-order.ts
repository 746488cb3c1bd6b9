import { raw, sql, type Sql } from '../../database/sql.js';

/** The order of a list of hosts. Hosts with the same value are ordered by id. */
export interface HostOrder {
  readonly field: 'HOSTNAME' | 'KERNEL_RELEASE' | 'CONFIRMED_AT' | 'TRANSITION_SINCE';
  readonly descending: boolean;
}

export const BY_NAME: HostOrder = { field: 'HOSTNAME', descending: false };

/** Stands for "no transition", so that the hosts with the oldest transition come first. */
export const NO_TRANSITION_MS = Date.parse('9999-12-31T00:00:00Z');

/** The value of a row of `hostsAt`. Hosts without a kernel or a confirmation come first. */
const VALUES: Record<HostOrder['field'], Sql> = {
  HOSTNAME: sql`h.hostname`,
  KERNEL_RELEASE: sql`coalesce((SELECT s.kernel_release FROM situation s WHERE s.id = h.situation_id), '')`,
  CONFIRMED_AT: sql`coalesce(h.confirmed_at, 'epoch'::timestamptz)`,
  TRANSITION_SINCE: sql`
    coalesce(
      (SELECT date_trunc('milliseconds', (o.detail -> 'transition' ->> 'since')::timestamptz)
         FROM host o
        WHERE o.bucket = h.bucket AND o.id = h.id),
      ${new Date(NO_TRANSITION_MS)}::timestamptz)`,
};

/** The order for `ORDER BY`; backwards, the reverse. */
export function orderColumns({ field, descending }: HostOrder, backwards: boolean): Sql {
  const direction = raw(descending === backwards ? 'ASC' : 'DESC');
  return sql`${VALUES[field]} ${direction}, h.id ${direction}`;
}

/** Whether a host comes after the one with this value and id; backwards, before it. */
export function isBeyond(
  { field, descending }: HostOrder,
  backwards: boolean,
  [value, id]: readonly [value: string, id: string],
): Sql {
  const operator = raw(descending === backwards ? '>' : '<');
  const isInstant = field === 'CONFIRMED_AT' || field === 'TRANSITION_SINCE';
  const last = isInstant ? sql`${new Date(Number(value))}::timestamptz` : sql`${value}`;
  return sql`(${VALUES[field]}, h.id) ${operator} (${last}, ${id}::uuid)`;
}
