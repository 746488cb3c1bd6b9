import { addressOf, useParameters } from '../address/parameters.js';
import { Ago } from '../parts/ago.js';
import { Confirm } from '../parts/confirm.js';
import { Empty } from '../parts/messages.js';
import { PagedTable } from '../parts/paged-table.js';
import { useChange } from '../registry/use-change.js';
import { useList } from '../registry/use-list.js';
import { ADMIN } from '../texts/admin.js';
import {
  APPROVE_ENROLMENT,
  ENROLMENTS,
  type Enrolments as EnrolmentsAnswer,
  REJECT_ENROLMENT,
  REVOKE_HOST_CREDENTIAL,
} from './generated/operations.js';

const TEXTS = ADMIN.enrolments;
const pick = ({ enrolments }: EnrolmentsAnswer) => enrolments;
type Enrolment = EnrolmentsAnswer['enrolments']['nodes'][number];
type State = keyof typeof TEXTS.states;
const STATES = Object.keys(TEXTS.states) as State[];

/** What an admin can do with an enrolment in its present state. */
function Changes({ enrolment: { host, hostname, state }, done }: { enrolment: Enrolment; done: () => void }) {
  const approve = useChange(APPROVE_ENROLMENT, done);
  const reject = useChange(REJECT_ENROLMENT, done);
  const revoke = useChange(REVOKE_HOST_CREDENTIAL, done);
  return (
    <span class="row">
      {state === 'PENDING' && (
        <>
          <Confirm
            action={TEXTS.approve}
            title={TEXTS.approveTitle(hostname)}
            meaning={TEXTS.approveMeaning}
            needsReason={false}
            {...approve}
            make={() => approve.make({ host })}
          />
          <Confirm
            action={TEXTS.reject}
            title={TEXTS.rejectTitle(hostname)}
            meaning={TEXTS.rejectMeaning}
            {...reject}
            make={(reason) => reject.make({ host, reason })}
          />
        </>
      )}
      {state === 'ACTIVE' && (
        <Confirm
          action={ADMIN.revoke}
          title={TEXTS.revokeTitle(hostname)}
          meaning={TEXTS.revokeMeaning}
          {...revoke}
          make={(reason) => revoke.make({ host, reason })}
        />
      )}
    </span>
  );
}

/** The hosts that are enrolled, or wait for it. */
export function Enrolments() {
  const { values, change } = useParameters();
  const state = STATES.find((one) => one === values.state);
  const pages = useList(ENROLMENTS, { where: state === undefined ? null : { state } }, pick);
  return (
    <>
      <div class="fields">
        <label class="field">
          {TEXTS.state}
          <select
            value={state ?? ''}
            onChange={({ currentTarget }) => change({ state: currentTarget.value })}
          >
            <option value="">{TEXTS.all}</option>
            {STATES.map((one) => (
              <option key={one} value={one}>
                {TEXTS.states[one]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <PagedTable
        label={ADMIN.tabs.enrolments}
        pages={pages}
        rowKey={({ host }) => host}
        empty={<Empty title={TEXTS.none}>{TEXTS.noneNext}</Empty>}
        columns={[
          {
            title: TEXTS.columns.host,
            cell: ({ host, hostname }) => (
              <a href={addressOf(`/hosts/${encodeURIComponent(host)}`, {})}>{hostname}</a>
            ),
          },
          { title: TEXTS.columns.state, cell: ({ state: one }) => TEXTS.states[one] },
          { title: TEXTS.columns.since, cell: ({ stateAt }) => <Ago at={stateAt} /> },
          { title: TEXTS.columns.by, cell: ({ stateBy }) => stateBy ?? '–' },
          {
            title: TEXTS.columns.labels,
            cell: ({ labels }) => labels.map(({ key, value }) => `${key}=${value}`).join(', '),
          },
          {
            title: TEXTS.columns.expires,
            cell: ({ expiresAt }) => (expiresAt === null ? '–' : <Ago at={expiresAt} />),
          },
          {
            title: TEXTS.columns.do,
            cell: (enrolment) => <Changes enrolment={enrolment} done={pages.restart} />,
          },
        ]}
      />
    </>
  );
}
