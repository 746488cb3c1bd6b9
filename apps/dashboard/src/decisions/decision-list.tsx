import { addressOf, useParameters } from '../address/parameters.js';
import { Ago } from '../parts/ago.js';
import { Empty } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { PagedTable } from '../parts/paged-table.js';
import { AddressField } from '../parts/question-fields.js';
import { VerdictTag } from '../parts/verdicts.js';
import { useList } from '../registry/use-list.js';
import { DECISIONS } from '../texts/decisions.js';
import { DECISIONS as DECISION_LIST, type Decisions } from './generated/operations.js';

const pick = ({ decisions }: Decisions) => decisions;

/** What gates decided, the newest first. */
export function DecisionList() {
  const { values, change } = useParameters();
  const isOverridden = values.overridden === 'yes';
  const pages = useList(
    DECISION_LIST,
    {
      where: {
        changeId: values.change ?? null,
        who: values.who ?? null,
        overridden: isOverridden ? true : null,
      },
    },
    pick,
  );
  return (
    <>
      <div class="fields">
        <AddressField name="change" label={DECISIONS.change} placeholder="CHG-1234" />
        <AddressField name="who" label={DECISIONS.who} placeholder="" />
        <button
          type="button"
          aria-pressed={isOverridden}
          onClick={() => change({ overridden: isOverridden ? undefined : 'yes' })}
        >
          {DECISIONS.onlyOverridden}
        </button>
      </div>
      <PagedTable
        label={DECISIONS.tabs.decisions}
        pages={pages}
        rowKey={({ id }) => id}
        empty={<Empty title={DECISIONS.none}>{DECISIONS.noneNext}</Empty>}
        columns={[
          {
            title: DECISIONS.columns.change,
            cell: ({ id, changeId }) => (
              <a href={addressOf(`/decisions/${encodeURIComponent(id)}`, {})} title={changeId}>
                <span class="one-line">{changeId}</span>
              </a>
            ),
          },
          {
            title: DECISIONS.columns.decision,
            cell: ({ decision, overridden }) => (
              <>
                <strong>{DECISIONS.decision[decision]}</strong>
                {overridden && <span class="wrong"> ({DECISIONS.overridden})</span>}
              </>
            ),
          },
          { title: DECISIONS.columns.gate, cell: ({ gate }) => <code>{DECISIONS.gates[gate]}</code> },
          { title: DECISIONS.columns.verdict, cell: ({ kind }) => <VerdictTag kind={kind} /> },
          {
            title: DECISIONS.columns.hosts,
            number: true,
            cell: ({ counts }) => DECISIONS.of(count(counts.safe), count(counts.total)),
          },
          { title: DECISIONS.columns.who, cell: ({ who }) => who },
          { title: DECISIONS.columns.at, cell: ({ at }) => <Ago at={at} /> },
        ]}
      />
    </>
  );
}
