import { useParameters } from '../address/parameters.js';
import { Empty } from '../parts/messages.js';
import { Tabs } from '../parts/tabs.js';
import { ViewTitle } from '../parts/view-title.js';
import { useMay } from '../session/session.js';
import { ADMIN } from '../texts/admin.js';
import { FAILURES, SHELL } from '../texts/shell.js';
import { AuditLog } from './audit-log.js';
import { EnrolmentTokens } from './enrolment-tokens.js';
import { Enrolments } from './enrolments.js';
import { Owners } from './owners.js';
import { TokenList } from './token-list.js';

const TABS = [
  { name: 'enrolments', title: ADMIN.tabs.enrolments, needs: 'Query.enrolments', Content: Enrolments },
  {
    name: 'enrolment-tokens',
    title: ADMIN.tabs.enrolmentTokens,
    needs: 'Query.enrolmentTokens',
    Content: EnrolmentTokens,
  },
  { name: 'tokens', title: ADMIN.tabs.tokens, needs: 'Query.tokens', Content: TokenList },
  { name: 'owners', title: ADMIN.tabs.owners, needs: 'Query.ownerKeys', Content: Owners },
  { name: 'audit', title: ADMIN.tabs.audit, needs: 'Query.auditLog', Content: AuditLog },
] as const;

/** Who may do what, and what they did. */
export default function View() {
  const may = useMay();
  const { values } = useParameters();
  const tabs = TABS.filter(({ needs }) => may(needs));
  const chosen = tabs.find(({ name }) => name === values.tab) ?? tabs[0];
  return (
    <div class="stack">
      <ViewTitle title={SHELL.views.admin} />
      {chosen === undefined ? (
        <Empty title={FAILURES.FORBIDDEN!.title}>{FAILURES.FORBIDDEN!.next}</Empty>
      ) : (
        <>
          <Tabs label={SHELL.views.admin} tabs={tabs} />
          <chosen.Content />
        </>
      )}
    </div>
  );
}
