import { addressOf } from '../address/parameters.js';
import { Ago } from '../parts/ago.js';
import { DataTable } from '../parts/data-table.js';
import { count } from '../parts/numbers.js';
import { OneLine } from '../parts/one-line.js';
import { Panel } from '../parts/panel.js';
import { OVERVIEW } from '../texts/overview.js';
import type { FleetNow } from './generated/operations.js';

/** The open transitions, and the hosts whose transition has been open for the longest time. */
export function TransitionsPanel({
  inTransition,
  stalled,
}: {
  inTransition: number;
  stalled: FleetNow['stalled'];
}) {
  return (
    <Panel title={OVERVIEW.transitions}>
      {inTransition === 0 && stalled.totalCount === 0 ? (
        <p class="muted">{OVERVIEW.noTransition}</p>
      ) : (
        <ul class="figures">
          <li>
            <a href={addressOf('/hosts', { where: 'transition=open' })}>
              <strong>{count(inTransition)}</strong> {OVERVIEW.inProgress}
            </a>
          </li>
          <li>
            <a href={addressOf('/hosts', { where: 'transition=stalled' })}>
              <strong>{count(stalled.totalCount)}</strong> {OVERVIEW.stalled}
            </a>
          </li>
        </ul>
      )}
      {stalled.nodes.length > 0 && (
        <DataTable
          label={OVERVIEW.stalled}
          rows={stalled.nodes}
          rowKey={({ id }) => id}
          columns={[
            {
              title: OVERVIEW.host,
              cell: ({ id, hostname }) => (
                <OneLine text={hostname} href={`/hosts/${encodeURIComponent(id)}`} />
              ),
            },
            {
              title: OVERVIEW.transition,
              cell: ({ transition }) => {
                const { patch = '', enabling = true } = transition ?? {};
                const text = enabling ? OVERVIEW.enabling(patch) : OVERVIEW.disabling(patch);
                return <OneLine text={text} />;
              },
            },
            { title: OVERVIEW.since, number: true, cell: ({ transition }) => <Ago at={transition?.since} /> },
          ]}
        />
      )}
    </Panel>
  );
}
