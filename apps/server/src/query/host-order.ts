import { RequestError } from '../errors.js';
import type { AsOf } from '../store/history/as-of.js';
import { type HostOrder, NO_TRANSITION_MS } from '../store/hosts/host-order.js';
import type { KeyPart, Page } from './connection.js';
import type * as Sdl from './generated/schema.js';
import type { HostView } from './host-view.js';

/** An order of hosts, with the formats and the values of its cursors, which begin with its name. */
export interface ListOrder {
  readonly order: HostOrder;
  readonly parts: readonly KeyPart[];
  readonly keyOf: (host: HostView) => readonly string[];
  /** @throws RequestError if the cursor of the page is of another order */
  readonly afterOf: (page: Page) => readonly [value: string, id: string] | null;
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
  const { field, direction } = given ?? { field: 'HOSTNAME', direction: 'ASC' };
  if (field === 'TRANSITION_SINCE' && past)
    throw new RequestError(
      'BAD_USER_INPUT',
      '`orderBy` cannot be TRANSITION_SINCE with `asOf`: since when a ' +
        'transition was open is known of the present only',
    );
  const { part, of } = VALUES[field];
  const descending = direction === 'DESC';
  const name = `${field} ${descending ? 'DESC' : 'ASC'}`;
  return {
    order: { field, descending },
    parts: ['order', part, 'uuid'],
    keyOf: (host) => [name, of(host), host.row.id],
    afterOf: ({ key, backwards }) => {
      if (key === null) return null;
      const [found, value, id] = key as [string, string, string];
      if (found === name) return [value, id];
      const argument = backwards ? 'before' : 'after';
      const detail = `must be a cursor of a list by ${name}`;
      throw new RequestError(
        'BAD_USER_INPUT',
        `\`${argument}\` ${detail}, found one of a list by ${found}: keep \`orderBy\` from page to page`,
        [{ pointer: `/${argument}`, detail, found }],
      );
    },
  };
}
