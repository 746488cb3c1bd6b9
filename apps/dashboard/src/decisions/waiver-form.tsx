import { useState } from 'preact/hooks';
import { labelsOf } from '../address/labels.js';
import { FormButton } from '../parts/form-button.js';
import { TextField } from '../parts/text-field.js';
import { useChange } from '../registry/use-change.js';
import { DECISIONS } from '../texts/decisions.js';
import { ADD_WAIVER, type AddWaiverVariables } from './generated/operations.js';

const TEXTS = DECISIONS.waiver;
type Codes = AddWaiverVariables['input']['codes'];
const EMPTY = { codes: '', selector: '', owner: '', reason: '', release: '', days: '30' };

/** Adds a waiver. */
export function WaiverForm({ done }: { done: () => void }) {
  const [fields, setFields] = useState(EMPTY);
  const [wrong, setWrong] = useState<string>();
  const { busy, failure, make } = useChange(ADD_WAIVER, done);
  const set = (name: keyof typeof EMPTY) => (value: string) => setFields({ ...fields, [name]: value });
  const submit = async () => {
    const selector = labelsOf(fields.selector);
    setWrong(selector === null ? TEXTS.labelsWrong : undefined);
    if (selector === null) return false;
    const { owner, reason, release, days } = fields;
    // the registry names the codes that it knows, if one is wrong
    const codes = fields.codes.split(',').map((code) => code.trim()) as Codes;
    return make({
      input: { owner, reason, codes, selector, release: release || null, expiresIn: `${days}d` },
    });
  };
  return (
    <FormButton
      title={TEXTS.add}
      intro={TEXTS.addMeaning}
      wrong={wrong}
      busy={busy}
      failure={failure}
      submit={submit}
    >
      <TextField label={TEXTS.fieldCodes} value={fields.codes} set={set('codes')} />
      <TextField label={TEXTS.fieldSelector} value={fields.selector} set={set('selector')} />
      <TextField label={TEXTS.fieldRelease} value={fields.release} set={set('release')} required={false} />
      <TextField label={TEXTS.fieldOwner} value={fields.owner} set={set('owner')} />
      <TextField label={TEXTS.fieldReason} value={fields.reason} set={set('reason')} />
      <TextField label={TEXTS.fieldExpires} type="number" value={fields.days} set={set('days')} />
    </FormButton>
  );
}
