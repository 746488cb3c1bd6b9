import { useState } from 'preact/hooks';
import { Ago } from '../parts/ago.js';
import { Confirm } from '../parts/confirm.js';
import { DataTable } from '../parts/data-table.js';
import { FormButton } from '../parts/form-button.js';
import { Answer, Empty } from '../parts/messages.js';
import { localTime, short } from '../parts/numbers.js';
import { Panel } from '../parts/panel.js';
import { TextField } from '../parts/text-field.js';
import { useChange } from '../registry/use-change.js';
import { useQuestion } from '../registry/use-question.js';
import { useMay } from '../session/session.js';
import { ADMIN } from '../texts/admin.js';
import {
  ADD_OWNER_KEY,
  OWNERS,
  type Owners as OwnersAnswer,
  REVOKE_OWNER_KEY,
} from './generated/operations.js';
import { stateOf } from './state.js';

const TEXTS = ADMIN.owners;
type Key = OwnersAnswer['ownerKeys'][number];

function KeyForm({ done }: { done: () => void }) {
  const [owner, setOwner] = useState('');
  const [publicKey, setPublicKey] = useState('');
  const { busy, failure, make } = useChange(ADD_OWNER_KEY, done);
  return (
    <FormButton
      title={TEXTS.add}
      intro={TEXTS.addMeaning}
      busy={busy}
      failure={failure}
      submit={() => make({ owner, publicKey })}
    >
      <TextField label={TEXTS.fieldOwner} value={owner} set={setOwner} />
      <label class="field">
        {TEXTS.fieldKey}
        <textarea
          class="mono"
          rows={4}
          required
          value={publicKey}
          onInput={({ currentTarget }) => setPublicKey(currentTarget.value)}
        />
      </label>
    </FormButton>
  );
}

function Revoke({ fingerprint, done }: Pick<Key, 'fingerprint'> & { done: () => void }) {
  const { busy, failure, make } = useChange(REVOKE_OWNER_KEY, done);
  return (
    <Confirm
      action={ADMIN.revoke}
      title={TEXTS.revokeTitle(short(fingerprint))}
      meaning={TEXTS.revokeMeaning}
      needsReason={false}
      busy={busy}
      failure={failure}
      make={() => make({ fingerprint })}
    />
  );
}

const validOf = ({ validFrom, validUntil }: Key): string =>
  [
    TEXTS.from(localTime(validFrom)),
    ...(validUntil === null ? [] : [TEXTS.until(localTime(validUntil))]),
  ].join(' ');

function Keys({ keys, done }: { keys: readonly Key[]; done: () => void }) {
  const may = useMay();
  const revoke = {
    title: TEXTS.columns.do,
    cell: ({ fingerprint, revokedAt }: Key) =>
      revokedAt === null && <Revoke fingerprint={fingerprint} done={done} />,
  };
  return keys.length === 0 ? (
    <Empty title={TEXTS.noKeys}>{TEXTS.noKeysNext}</Empty>
  ) : (
    <DataTable
      label={TEXTS.keys}
      rows={keys}
      rowKey={({ fingerprint }) => fingerprint}
      columns={[
        { title: TEXTS.columns.owner, cell: ({ owner }) => owner },
        {
          title: TEXTS.columns.fingerprint,
          cell: ({ fingerprint }) => <code title={fingerprint}>{short(fingerprint)}</code>,
        },
        {
          title: TEXTS.columns.state,
          cell: ({ revokedAt, validUntil }) => stateOf({ revokedAt, expiresAt: validUntil }),
        },
        { title: TEXTS.columns.valid, cell: validOf },
        {
          title: TEXTS.columns.added,
          cell: ({ addedAt, addedBy }) => (
            <>
              <Ago at={addedAt} /> {ADMIN.by(addedBy)}
            </>
          ),
        },
        ...(may('Mutation.revokeOwnerKey') ? [revoke] : []),
      ]}
    />
  );
}

/** The keys of owners, and what owners require. */
export function Owners() {
  const may = useMay();
  const question = useQuestion(OWNERS, {});
  return (
    <Answer of={question}>
      {({ ownerKeys, ownerPolicies }) => (
        <>
          <Panel title={TEXTS.keys} aside={may('Mutation.addOwnerKey') && <KeyForm done={question.again} />}>
            <Keys keys={ownerKeys} done={question.again} />
          </Panel>
          <Panel title={TEXTS.policies}>
            {ownerPolicies.length === 0 ? (
              <p class="muted">{TEXTS.noPolicies}</p>
            ) : (
              <DataTable
                label={TEXTS.policies}
                rows={ownerPolicies}
                rowKey={({ owner }) => owner}
                columns={[
                  { title: TEXTS.columns.owner, cell: ({ owner }) => owner },
                  {
                    title: TEXTS.columns.signed,
                    cell: ({ requireSignedFrom }) => <Ago at={requireSignedFrom} />,
                  },
                  {
                    title: TEXTS.columns.set,
                    cell: ({ setAt, setBy }) => (
                      <>
                        <Ago at={setAt} /> {ADMIN.by(setBy)}
                      </>
                    ),
                  },
                ]}
              />
            )}
          </Panel>
        </>
      )}
    </Answer>
  );
}
