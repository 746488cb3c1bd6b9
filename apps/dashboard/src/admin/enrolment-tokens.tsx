import { Ago } from '../parts/ago.js';
import { Confirm } from '../parts/confirm.js';
import { DataTable } from '../parts/data-table.js';
import { Answer, Empty } from '../parts/messages.js';
import { count } from '../parts/numbers.js';
import { useChange } from '../registry/use-change.js';
import { useQuestion } from '../registry/use-question.js';
import { useMay } from '../session/session.js';
import { ADMIN } from '../texts/admin.js';
import { EnrolmentTokenForm } from './enrolment-token-form.js';
import {
  ENROLMENT_TOKENS,
  type EnrolmentTokens as EnrolmentTokensAnswer,
  REVOKE_ENROLMENT_TOKEN,
} from './generated/operations.js';
import { stateOf } from './state.js';

const TEXTS = ADMIN.enrolmentTokens;
type Token = EnrolmentTokensAnswer['enrolmentTokens'][number];

function Revoke({ token, done }: { token: Token; done: () => void }) {
  const { busy, failure, make } = useChange(REVOKE_ENROLMENT_TOKEN, done);
  return (
    <Confirm
      action={ADMIN.revoke}
      title={TEXTS.revokeTitle(token.name)}
      meaning={TEXTS.revokeMeaning}
      needsReason={false}
      busy={busy}
      failure={failure}
      make={() => make({ id: token.id })}
    />
  );
}

/** The tokens that agents trade for credentials of hosts. */
export function EnrolmentTokens() {
  const may = useMay();
  const question = useQuestion(ENROLMENT_TOKENS, {});
  return (
    <>
      {may('Mutation.createEnrolmentToken') && (
        <div class="row">
          <EnrolmentTokenForm done={question.again} />
        </div>
      )}
      <Answer of={question}>
        {({ enrolmentTokens }) =>
          enrolmentTokens.length === 0 ? (
            <Empty title={TEXTS.none}>{TEXTS.noneNext}</Empty>
          ) : (
            <DataTable
              label={ADMIN.tabs.enrolmentTokens}
              rows={enrolmentTokens}
              rowKey={({ id }) => id}
              columns={[
                { title: TEXTS.columns.name, cell: ({ name }) => name },
                { title: TEXTS.columns.state, cell: stateOf },
                {
                  title: TEXTS.columns.uses,
                  number: true,
                  cell: ({ uses, useLimit }) =>
                    TEXTS.uses(count(uses), useLimit === null ? TEXTS.noLimit : count(useLimit)),
                },
                {
                  title: TEXTS.columns.labels,
                  cell: ({ labels }) => labels.map(({ key, value }) => `${key}=${value}`).join(', '),
                },
                {
                  title: TEXTS.columns.addresses,
                  cell: ({ addresses }) => addresses.join(', ') || TEXTS.anywhere,
                },
                {
                  title: TEXTS.columns.approval,
                  cell: ({ needsApproval }) => (needsApproval ? TEXTS.needed : TEXTS.notNeeded),
                },
                { title: TEXTS.columns.expires, cell: ({ expiresAt }) => <Ago at={expiresAt} /> },
                {
                  title: TEXTS.columns.created,
                  cell: ({ createdAt, createdBy }) => (
                    <>
                      <Ago at={createdAt} /> {ADMIN.by(createdBy)}
                    </>
                  ),
                },
                {
                  title: TEXTS.columns.do,
                  cell: (token) => token.revokedAt === null && <Revoke token={token} done={question.again} />,
                },
              ]}
            />
          )
        }
      </Answer>
    </>
  );
}
