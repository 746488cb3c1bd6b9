import { useState } from 'preact/hooks';
import { FormButton } from '../parts/form-button.js';
import { TextField } from '../parts/text-field.js';
import { useChange } from '../registry/use-change.js';
import { ADMIN } from '../texts/admin.js';
import { CREATE_ENROLMENT_TOKEN } from './generated/operations.js';
import { singleLabels } from './labels.js';
import { ShownOnce } from './shown-once.js';

const TEXTS = ADMIN.enrolmentTokens;
const EMPTY = { name: '', uses: '1', days: '7', labels: '' };

/** Creates an enrolment token, and shows it once. */
export function EnrolmentTokenForm({ done }: { done: () => void }) {
  const [fields, setFields] = useState(EMPTY);
  const [approval, setApproval] = useState(false);
  const [wrong, setWrong] = useState<string>();
  const [created, setCreated] = useState<string | null>(null);
  const { busy, failure, make } = useChange(CREATE_ENROLMENT_TOKEN, ({ createEnrolmentToken }) => {
    setCreated(createEnrolmentToken.token);
    done();
  });
  const set = (name: keyof typeof EMPTY) => (value: string) => setFields({ ...fields, [name]: value });
  const submit = async () => {
    const labels = singleLabels(fields.labels);
    setWrong(labels === null ? ADMIN.labelsWrong : undefined);
    if (labels === null) return false;
    const { name, uses, days } = fields;
    return make({ input: { name, uses: Number(uses), expiresIn: `${days}d`, labels, approval } });
  };
  return (
    <>
      <FormButton title={TEXTS.add} wrong={wrong} busy={busy} failure={failure} submit={submit}>
        <TextField label={TEXTS.fieldName} value={fields.name} set={set('name')} />
        <TextField label={TEXTS.fieldUses} type="number" value={fields.uses} set={set('uses')} />
        <TextField label={TEXTS.fieldDays} type="number" value={fields.days} set={set('days')} />
        <TextField label={TEXTS.fieldLabels} value={fields.labels} set={set('labels')} required={false} />
        <label class="row">
          <input
            type="checkbox"
            checked={approval}
            onChange={({ currentTarget }) => setApproval(currentTarget.checked)}
          />
          {TEXTS.fieldApproval}
        </label>
      </FormButton>
      {created !== null && <ShownOnce title={TEXTS.created} text={created} close={() => setCreated(null)} />}
    </>
  );
}
