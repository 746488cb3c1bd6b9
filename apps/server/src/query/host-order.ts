import { RequestError } from '../errors.js';
import type { AsOf } from '../store/history/as-of.js';
import { type HostOrder, NO_TRANSITION_MS } from '../store/hosts/host-order.js';
import type { KeyPart } from './connection.js';
import type * as Sdl from './generated/schema.js';
import type { HostView } from './host-view.js';

/** An order of hosts, with the formats and the values of its cursors. */
export interface ListOrder {
  readonly order: HostOrder;
  readonly parts: readonly [KeyPart, KeyPart];
  readonly keyOf: (host: HostView) => readonly string[];
}

/** The value of a host by which it is ordered, as the text of its cursor. */
const VALUES: Record<
  Sdl.HostOrderField,
  { readonly part: KeyPart; readonly of: (host: HostView) => string }
> = {
  HOSTNAME: { part: 'name', of: ({ row }) => row.hostname },
  KERNEL_RELEASE: { part: 'name', of: ({ kernelRelease }) => kernelRelease ?? '' },
  CONFIRMED_AT: { part: 'number', of: ({ row }) => String(row.confirmedAt?.getTime() ?? 0) },
  TRANSITION_SINCE: {
    part: 'number',
    of: ({ row: { detail } }) =>
      String(detail.transition?.since == null ? NO_TRANSITION_MS : Date.parse(detail.transition.since)),
  },
};

/** @throws RequestError if no history has what an earlier time would be ordered by */
export function toOrder(given: Sdl.HostOrder | null | undefined, { past }: Pick<AsOf, 'past'>): ListOrder {
  const { field, direction } = given ?? { field: 'HOSTNAME' };
  if (field === 'TRANSITION_SINCE' && past)
    throw new RequestError(
      'BAD_USER_INPUT',
      '`orderBy` cannot be TRANSITION_SINCE with `asOf`: since when a transition was open is known of the present only',
    );
  const { part, of } = VALUES[field];
  return {
    order: { field, descending: direction === 'DESC' },
    parts: [part, 'uuid'],
    keyOf: (host) => [of(host), host.row.id],
  };
}
