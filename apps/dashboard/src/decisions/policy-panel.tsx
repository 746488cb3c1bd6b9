import { Ago } from '../parts/ago.js';
import { Copy } from '../parts/copy.js';
import { DataTable } from '../parts/data-table.js';
import { Answer, Empty } from '../parts/messages.js';
import { Panel } from '../parts/panel.js';
import { useQuestion } from '../registry/use-question.js';
import { DECISIONS } from '../texts/decisions.js';
import { POLICIES } from './generated/operations.js';

const TEXTS = DECISIONS.policy;

/** The registry's own, stricter rules, and those before them. */
export function PolicyPanel() {
  const question = useQuestion(POLICIES, {});
  return (
    <Answer of={question}>
      {({ policy, policies }) => (
        <>
          {policy === null ? (
            <Empty title={TEXTS.none}>{TEXTS.noneNext}</Empty>
          ) : (
            <Panel
              title={TEXTS.revision(policy.revision)}
              aside={
                <span class="muted foreign">
                  {TEXTS.applied(policy.appliedBy)} <Ago at={policy.appliedAt} />
                </span>
              }
            >
              <div class="stack">
                <p class="foreign">{policy.reason}</p>
                <Copy title={TEXTS.document} text={policy.document} />
              </div>
            </Panel>
          )}
          {policies.nodes.length > 1 && (
            <Panel title={TEXTS.earlier}>
              <DataTable
                label={TEXTS.earlier}
                rows={policies.nodes}
                rowKey={({ revision }) => revision}
                columns={[
                  { title: TEXTS.columns.revision, number: true, cell: ({ revision }) => revision },
                  { title: TEXTS.columns.at, cell: ({ appliedAt }) => <Ago at={appliedAt} /> },
                  { title: TEXTS.columns.by, cell: ({ appliedBy }) => appliedBy },
                  { title: TEXTS.columns.reason, cell: ({ reason }) => reason },
                ]}
              />
            </Panel>
          )}
        </>
      )}
    </Answer>
  );
}
