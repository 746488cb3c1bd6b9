import { addressOf, type Parameters } from '../address/parameters.js';
import { Ago } from '../parts/ago.js';
import type { Column } from '../parts/data-table.js';
import { HOSTS } from '../texts/hosts.js';
import { SHELL } from '../texts/shell.js';
import type { HostList } from './generated/operations.js';

export type HostRow = HostList['hosts']['nodes'][number];

const stackText = ({ stack, kernelRelease }: HostRow): string =>
  kernelRelease === null
    ? HOSTS.neverReported
    : stack.length === 0
      ? HOSTS.noPatches
      : stack
          .map(
            ({ name, enabled, transition }) =>
              `${name}${transition ? HOSTS.inTransition : enabled ? '' : HOSTS.disabled}`,
          )
          .join(', ');

const labelsText = ({ labels }: HostRow): string =>
  labels.map(({ key, value }) => `${key}=${value}`).join(' ');

/** The columns of the list. Links keep the target and the moment. */
export const columnsFor = ({ to, asOf }: Parameters): readonly Column<HostRow>[] => [
  {
    title: HOSTS.columns.hostname,
    cell: ({ id, hostname, suspect }) => (
      <>
        <a
          class="foreign"
          href={addressOf(`/hosts/${encodeURIComponent(id)}`, { to, asOf })}
          title={hostname}
        >
          {hostname}
        </a>
        {suspect && <strong class="wrong"> {HOSTS.suspect}</strong>}
      </>
    ),
  },
  {
    title: HOSTS.columns.stack,
    cell: (host) => (
      <span title={stackText(host)}>
        {host.transition?.stalled === true && <strong class="wrong">{HOSTS.stalled}: </strong>}
        {stackText(host)}
      </span>
    ),
  },
  { title: HOSTS.columns.kernel, cell: ({ kernelRelease }) => kernelRelease ?? '–' },
  {
    title: HOSTS.columns.freshness,
    cell: ({ freshness: { level } }) => (
      <span class="row-inline">
        <span class={`swatch ${level}`} aria-hidden="true" /> {SHELL.freshness[level]}
      </span>
    ),
  },
  {
    title: HOSTS.columns.confirmed,
    cell: ({ freshness }) => <Ago at={freshness.confirmedAt} />,
  },
  {
    title: HOSTS.columns.labels,
    cell: (host) => (
      <span class="foreign" title={labelsText(host)}>
        {labelsText(host)}
      </span>
    ),
  },
];
