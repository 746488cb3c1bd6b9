import { useState } from 'preact/hooks';
import { labelsOf } from '../address/labels.js';
import { FormButton } from '../parts/form-button.js';
import { TextField } from '../parts/text-field.js';
import { useChange } from '../registry/use-change.js';
import { ADMIN } from '../texts/admin.js';
import { CREATE_TOKEN } from './generated/operations.js';
import { ShownOnce } from './shown-once.js';

const TEXTS = ADMIN.tokens;
const ROLES = ['READER', 'GATE', 'PUBLISHER', 'RELAY', 'ADMIN'] as const;
type Role = (typeof ROLES)[number];
const EMPTY = { name: '', role: 'READER' as Role, scope: '', owners: '', days: '90' };

const listed = (text: string): string[] | null =>
  text.trim() === '' ? null : text.split(',').map((owner) => owner.trim());

/** Creates a token for a person or a program, and shows it once. */
export function TokenForm({ done }: { done: () => void }) {
  const [fields, setFields] = useState(EMPTY);
  const [wrong, setWrong] = useState<string>();
  const [created, setCreated] = useState<string | null>(null);
  const { busy, failure, make } = useChange(CREATE_TOKEN, ({ createToken }) => {
    setCreated(createToken.text);
    done();
  });
  const set = (name: keyof typeof EMPTY) => (value: string) => setFields({ ...fields, [name]: value });
  const submit = async () => {
    const scope = labelsOf(fields.scope);
    setWrong(scope === null ? ADMIN.labelsWrong : undefined);
    if (scope === null) return false;
    const { name, role, owners, days } = fields;
    return make({
      input: {
        name,
        role,
        scope: scope.length === 0 ? null : scope,
        owners: listed(owners),
        expiresIn: `${days}d`,
      },
    });
  };
  return (
    <>
      <FormButton title={TEXTS.add} wrong={wrong} busy={busy} failure={failure} submit={submit}>
        <TextField label={TEXTS.fieldName} value={fields.name} set={set('name')} />
        <label class="field">
          {TEXTS.fieldRole}
          <select value={fields.role} onChange={({ currentTarget }) => set('role')(currentTarget.value)}>
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {TEXTS.roles[role]}
              </option>
            ))}
          </select>
        </label>
        <TextField label={TEXTS.fieldScope} value={fields.scope} set={set('scope')} required={false} />
        {fields.role === 'PUBLISHER' && (
          <TextField label={TEXTS.fieldOwners} value={fields.owners} set={set('owners')} required={false} />
        )}
        <TextField label={TEXTS.fieldDays} type="number" value={fields.days} set={set('days')} />
      </FormButton>
      {created !== null && <ShownOnce title={TEXTS.created} text={created} close={() => setCreated(null)} />}
    </>
  );
}
