import { DataTable } from '../parts/data-table.js';
import { short } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { HOST } from '../texts/host.js';
import type { HostPage } from './generated/operations.js';

export type ShownHost = NonNullable<HostPage['host']>;
type Listed = ShownHost['stack'][number];

const flagsOf = ({ enabled, transition, replace, patch }: Listed): string =>
  [
    enabled ? HOST.flags.enabled : HOST.flags.disabled,
    ...(transition ? [HOST.flags.transition] : []),
    replace === null ? HOST.flags.replaceUnknown : replace ? HOST.flags.replace : HOST.flags.noReplace,
    ...(patch?.recalledAt != null ? [HOST.flags.recalled] : []),
  ].join(', ');

const statesOf = ({ states }: Listed): string =>
  states === null
    ? HOST.statesUnknown
    : states.length === 0
      ? HOST.noStates
      : states.map(({ id, version }) => HOST.state(id, version)).join(', ');

/** A link to a build in the catalog, or its name alone. */
export const PatchLink = ({ name, patch }: { name: string; patch: { readonly buildId: string } | null }) =>
  patch === null ? <>{name}</> : <a href={`/catalog/${patch.buildId}`}>{name}</a>;

/** The kernel's list of livepatches, with the states that each declares. */
export const StackPanel = ({ host }: { host: ShownHost }) => (
  <Panel title={HOST.stack} wide>
    {host.kernelRelease === null ? (
      <p>{HOST.neverReported}</p>
    ) : host.stack.length === 0 ? (
      <p>{HOST.noStack}</p>
    ) : (
      <DataTable
        label={HOST.stack}
        rows={host.stack}
        rowKey={({ name }) => name}
        columns={[
          { title: HOST.patch.name, cell: (row) => <PatchLink name={row.name} patch={row.patch} /> },
          { title: HOST.patch.release, cell: ({ patch }) => patch?.release ?? HOST.notPublished },
          { title: HOST.patch.flags, cell: flagsOf },
          { title: HOST.patch.states, cell: statesOf },
          { title: HOST.patch.evidence, cell: ({ evidence }) => evidence ?? '–' },
          {
            title: HOST.patch.buildId,
            cell: ({ buildId }) => (buildId === null ? '–' : <code title={buildId}>{short(buildId)}</code>),
          },
        ]}
      />
    )}
  </Panel>
);
