import { addressOf } from '../address/parameters.js';
import { Ago } from '../parts/ago.js';
import { DataTable } from '../parts/data-table.js';
import { count } from '../parts/numbers.js';
import { OVERVIEW } from '../texts/overview.js';
import type { Recent } from './generated/operations.js';

/** The hosts whose list changed in the last hour, and what gates decided. */
export function RecentPanel({ hosts, decisions }: Recent) {
  return (
    <div class="stack">
      <p class="row apart">
        {hosts.totalCount === 0
          ? OVERVIEW.noChange
          : OVERVIEW.changed(count(hosts.totalCount), hosts.totalCount === 1)}
        {hosts.totalCount > hosts.nodes.length && (
          <a href={addressOf('/hosts', { where: 'changed=1h' })}>{OVERVIEW.allChanged}</a>
        )}
      </p>
      {hosts.nodes.length > 0 && (
        <DataTable
          label={OVERVIEW.changedHosts}
          rows={hosts.nodes}
          rowKey={({ id }) => id}
          columns={[
            {
              title: OVERVIEW.host,
              cell: ({ id, hostname }) => (
                <a class="one-line" title={hostname} href={`/hosts/${encodeURIComponent(id)}`}>
                  {hostname}
                </a>
              ),
            },
            {
              title: OVERVIEW.runs,
              cell: ({ stack }) => {
                const text = stack.map(({ name }) => name).join(' < ') || OVERVIEW.original;
                return (
                  <span class="one-line" title={text}>
                    {text}
                  </span>
                );
              },
            },
          ]}
        />
      )}
      {decisions !== undefined && <Decisions {...decisions} />}
    </div>
  );
}

function Decisions({ nodes }: NonNullable<Recent['decisions']>) {
  return nodes.length === 0 ? (
    <p class="muted">{OVERVIEW.noDecision}</p>
  ) : (
    <DataTable
      label={OVERVIEW.decisions}
      rows={nodes}
      rowKey={({ id }) => id}
      columns={[
        {
          title: OVERVIEW.change,
          cell: ({ changeId, gate }) => (
            <a class="one-line" title={changeId} href={addressOf('/decisions', { changeId })}>
              {changeId || OVERVIEW.gates[gate]}
            </a>
          ),
        },
        {
          title: OVERVIEW.decision,
          cell: ({ gate, decision, passed }) => (
            <>
              {OVERVIEW.gates[gate]}: <strong>{OVERVIEW.words[decision]}</strong>
              {passed && decision !== 'YES' && <span class="muted">, {OVERVIEW.passed}</span>}
            </>
          ),
        },
        { title: OVERVIEW.at, number: true, cell: ({ at }) => <Ago at={at} /> },
      ]}
    />
  );
}
