import { addressOf } from '../address/parameters.js';
import { Ago } from '../parts/ago.js';
import { DataTable } from '../parts/data-table.js';
import { count } from '../parts/numbers.js';
import { OneLine } from '../parts/one-line.js';
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
                <OneLine text={hostname} href={`/hosts/${encodeURIComponent(id)}`} />
              ),
            },
            {
              title: OVERVIEW.runs,
              cell: ({ stack }) => {
                const text = stack.map(({ name }) => name).join(' < ') || OVERVIEW.original;
                return <OneLine text={text} />;
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
            <OneLine text={changeId || OVERVIEW.gates[gate]} href={addressOf('/decisions', { changeId })} />
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
