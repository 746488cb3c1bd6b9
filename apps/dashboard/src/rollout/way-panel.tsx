import { addressOf, useParameters } from '../address/parameters.js';
import { whereKernel, whereRuns } from '../address/where-terms.js';
import { DataTable } from '../parts/data-table.js';
import { count } from '../parts/numbers.js';
import { OneLine } from '../parts/one-line.js';
import { Panel } from '../parts/panel.js';
import { ReasonsTable } from '../parts/reasons-table.js';
import { ROLLOUT } from '../texts/rollout.js';
import type { Rollout } from './generated/operations.js';

/** What the installation does to a way back. */
export function WayPanel({ way }: { way: Rollout['canDeploy']['ways'][number] }) {
  const { values } = useParameters();
  const { to, openToday, lost, states, groups, reasons } = way;
  const hostsOf = (runs: readonly string[], kernel: string) =>
    addressOf('/hosts', {
      where: [values.where ?? '', whereRuns(runs), whereKernel(kernel)]
        .filter((term) => term !== '')
        .join(','),
      asOf: values.asOf,
    });
  return (
    <Panel title={ROLLOUT.ways[to]} wide>
      <div class="stack">
        {openToday === 0 ? (
          <p class="muted">{ROLLOUT.wayClosed}</p>
        ) : (
          <p>
            <strong class="figure">{ROLLOUT.wayFigure(count(lost), count(openToday))}</strong>{' '}
            {ROLLOUT.wayMeaning}
          </p>
        )}
        {states.length > 0 && (
          <p>
            {ROLLOUT.byStates} <strong class="mono">{states.join(', ')}</strong>
          </p>
        )}
        {groups.length > 0 && (
          <>
            <h3>{ROLLOUT.groups}</h3>
            <DataTable
              label={ROLLOUT.groupsOf[to]}
              rows={groups}
              rowKey={(_, index) => index}
              columns={[
                {
                  title: ROLLOUT.hosts,
                  number: true,
                  cell: ({ hosts, runs, kernelRelease }) => (
                    <a href={hostsOf(runs, kernelRelease)}>{count(hosts)}</a>
                  ),
                },
                {
                  title: ROLLOUT.runs,
                  cell: ({ runs }) => <OneLine text={runs.join(' < ') || ROLLOUT.original} />,
                },
                {
                  title: ROLLOUT.kernel,
                  cell: ({ kernelRelease, arch }) => <OneLine text={`${kernelRelease} ${arch}`} />,
                },
                { title: ROLLOUT.closedBy, cell: ({ states }) => states.join(', ') || '–' },
              ]}
            />
          </>
        )}
        {reasons.length > 0 && (
          <>
            <h3>{ROLLOUT.closes}</h3>
            <ReasonsTable label={ROLLOUT.reasonsOf[to]} reasons={reasons} />
          </>
        )}
      </div>
    </Panel>
  );
}
