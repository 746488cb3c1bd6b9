import { useParameters } from '../address/parameters.js';
import { Empty } from '../parts/messages.js';
import { localTime } from '../parts/numbers.js';
import { PagedTable } from '../parts/paged-table.js';
import { AddressField } from '../parts/question-fields.js';
import { useList } from '../registry/use-list.js';
import { ADMIN } from '../texts/admin.js';
import {
  AUDIT_LOG,
  type AuditLog as AuditLogAnswer,
  type AuditLogVariables,
} from './generated/operations.js';
import { VerifyChain } from './verify-chain.js';

const TEXTS = ADMIN.audit;
const pick = ({ auditLog }: AuditLogAnswer) => auditLog;
type Action = NonNullable<NonNullable<AuditLogVariables['where']>['action']>;

/** What people and programs changed, and what they tried without the right to. */
export function AuditLog() {
  const { values } = useParameters();
  const pages = useList(
    AUDIT_LOG,
    {
      where: {
        who: values.who ?? null,
        // the registry names the actions that it knows, if it is none of them
        action: (values.action?.toUpperCase() as Action | undefined) ?? null,
        subject: values.subject ?? null,
      },
    },
    pick,
  );
  return (
    <>
      <div class="fields">
        <AddressField name="who" label={TEXTS.who} placeholder="" />
        <AddressField name="action" label={TEXTS.action} placeholder="REFUSED" />
        <AddressField name="subject" label={TEXTS.subject} placeholder="" />
        <VerifyChain />
      </div>
      <PagedTable
        label={ADMIN.tabs.audit}
        pages={pages}
        rowKey={({ number }) => number}
        empty={<Empty title={TEXTS.none} />}
        columns={[
          { title: TEXTS.columns.number, number: true, cell: ({ number }) => number },
          { title: TEXTS.columns.at, cell: ({ at }) => localTime(at) },
          { title: TEXTS.columns.who, cell: ({ who }) => who },
          { title: TEXTS.columns.action, cell: ({ action }) => <code>{action}</code> },
          {
            title: TEXTS.columns.subject,
            cell: ({ subject }) => (
              <span class="one-line" title={subject}>
                {subject}
              </span>
            ),
          },
          {
            title: TEXTS.columns.detail,
            cell: ({ detail }) => (
              <span class="one-line mono" title={detail}>
                {detail}
              </span>
            ),
          },
        ]}
      />
    </>
  );
}
