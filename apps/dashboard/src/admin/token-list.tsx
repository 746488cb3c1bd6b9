import { Ago } from '../parts/ago.js';
import { Confirm } from '../parts/confirm.js';
import { Empty } from '../parts/messages.js';
import { PagedTable } from '../parts/paged-table.js';
import { useChange } from '../registry/use-change.js';
import { useList } from '../registry/use-list.js';
import { useMay } from '../session/session.js';
import { ADMIN } from '../texts/admin.js';
import { REVOKE_TOKEN, TOKENS, type Tokens } from './generated/operations.js';
import { stateOf } from './state.js';
import { TokenForm } from './token-form.js';

const TEXTS = ADMIN.tokens;
const pick = ({ tokens }: Tokens) => tokens;
type Token = Tokens['tokens']['nodes'][number];

const scopeOf = ({ scope }: Token): string =>
  scope === null
    ? ADMIN.allHosts
    : scope.map(({ key, values }) => `${key} in (${values.join(', ')})`).join(', ');

function Revoke({ token, done }: { token: Token; done: () => void }) {
  const { busy, failure, make } = useChange(REVOKE_TOKEN, done);
  return (
    <Confirm
      action={ADMIN.revoke}
      title={TEXTS.revokeTitle(token.name)}
      meaning={TEXTS.revokeMeaning}
      busy={busy}
      failure={failure}
      make={(reason) => make({ id: token.id, reason })}
    />
  );
}

/** The tokens of people and programs. */
export function TokenList() {
  const may = useMay();
  const pages = useList(TOKENS, {}, pick);
  return (
    <>
      {may('Mutation.createToken') && (
        <div class="row">
          <TokenForm done={pages.restart} />
        </div>
      )}
      <PagedTable
        label={ADMIN.tabs.tokens}
        pages={pages}
        rowKey={({ id }) => id}
        empty={<Empty title={TEXTS.none} />}
        columns={[
          { title: TEXTS.columns.name, cell: ({ name }) => name },
          { title: TEXTS.columns.role, cell: ({ role }) => role.toLowerCase() },
          { title: TEXTS.columns.scope, cell: scopeOf },
          { title: TEXTS.columns.owners, cell: ({ owners }) => owners?.join(', ') ?? ADMIN.allOwners },
          { title: TEXTS.columns.state, cell: stateOf },
          { title: TEXTS.columns.used, cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} /> },
          { title: TEXTS.columns.expires, cell: ({ expiresAt }) => <Ago at={expiresAt} /> },
          {
            title: TEXTS.columns.created,
            cell: ({ createdAt, createdBy }) => (
              <>
                <Ago at={createdAt} /> {createdBy !== null && ADMIN.by(createdBy)}
              </>
            ),
          },
          {
            title: TEXTS.columns.do,
            cell: (token) => token.revokedAt === null && <Revoke token={token} done={pages.restart} />,
          },
        ]}
      />
    </>
  );
}
