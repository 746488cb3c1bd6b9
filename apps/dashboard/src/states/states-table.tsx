import { addressOf, useParameters } from '../address/parameters.js';
import { DataTable } from '../parts/data-table.js';
import { count } from '../parts/numbers.js';
import { SHELL } from '../texts/shell.js';
import { STATES as TEXT } from '../texts/states.js';
import { type KnownState, ownersOf } from './state-map.js';

/** The state ids that published patches declare, with their versions, owners and hosts. */
export function StatesTable({ states }: { states: readonly KnownState[] }) {
  const { values } = useParameters();
  const { state, owner, to, asOf } = values;
  const shown = states.filter(
    (known) =>
      (state === undefined || known.stateId.includes(state)) &&
      (owner === undefined || ownersOf(known).includes(owner)),
  );
  if (shown.length === 0) return <p class="muted">{TEXT.noneFound}</p>;
  return (
    <div class="states-box">
      <DataTable
        label={TEXT.table}
        rows={shown}
        rowKey={({ stateId }) => stateId}
        columns={[
          {
            title: TEXT.state,
            cell: ({ stateId }) => (
              <a class="mono" href={addressOf('/states', { ...values, state: stateId })}>
                {stateId}
              </a>
            ),
          },
          {
            title: TEXT.versions,
            cell: ({ stateId, versions }) =>
              versions.map(({ version, patches, hosts }) => (
                <div key={version}>
                  {TEXT.version(String(version), count(patches), patches === 1)}{' '}
                  <a href={addressOf('/hosts', { where: `state=${stateId}:${version}`, to, asOf })}>
                    {SHELL.hosts(count(hosts), hosts === 1)}
                  </a>
                </div>
              )),
          },
          { title: TEXT.owners, cell: (known) => ownersOf(known).join(', ') },
          {
            title: TEXT.conflicts,
            cell: (known) =>
              ownersOf(known).length > 1 && (
                <span class="states-mark">
                  <span aria-hidden="true">⚠</span> {TEXT.severalOwners}
                </span>
              ),
          },
        ]}
      />
    </div>
  );
}
